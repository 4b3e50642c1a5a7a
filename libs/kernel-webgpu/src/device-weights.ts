/// <reference types="@webgpu/types" />
import { weightsKey } from '@tops/kernel-spec';
import { STORAGE_BUFFER } from './device/buffer-usage.ts';
import type { Dispatch, ParamsWriter } from './device/dispatch.ts';
import type { Stages } from './stages.ts';

/** Transposed W1 (n × k) and W2 (n × n) on the device. */
export interface DeviceWeights {
  readonly layer1: GPUBuffer;
  readonly layer2: GPUBuffer;
}

/** Weights by shape, least recently used first out; they are made on the device by the submission that first needs them. */
export class DeviceWeightsCache {
  readonly #device: GPUDevice;
  readonly #stages: Stages;
  readonly #limitBytes: number;
  readonly #entries = new Map<string, DeviceWeights>();

  constructor(device: GPUDevice, stages: Stages, limitBytes: number) {
    this.#device = device;
    this.#stages = stages;
    this.#limitBytes = limitBytes;
  }

  /** @param dispatches - takes what has to run before the weights are read, in the same submission */
  get(n: number, k: number, params: ParamsWriter, dispatches: Dispatch[]): DeviceWeights {
    const name = `${n}×${k}`;
    const cached = this.#entries.get(name);
    if (cached) {
      this.#entries.delete(name);
      this.#entries.set(name, cached);
      return cached;
    }
    this.#evictFor(n * (n + k));
    const entry = { layer1: this.#buffer(n * k), layer2: this.#buffer(n * n) };
    const make = (layer: 1 | 2, depth: number, weights: GPUBuffer): void => {
      const input = { key: weightsKey(layer), depth, columnCount: n, weights };
      dispatches.push(this.#stages.weights(params, input));
    };
    make(1, k, entry.layer1);
    make(2, n, entry.layer2);
    this.#entries.set(name, entry);
    return entry;
  }

  /** Forgets everything: after a failed submission nobody knows what was made. */
  clear(): void {
    for (const [name, entry] of this.#entries) this.#drop(name, entry);
  }

  #evictFor(byteLength: number): void {
    let usedBytes = byteLength;
    for (const { layer1, layer2 } of this.#entries.values()) usedBytes += layer1.size + layer2.size;
    for (const [name, entry] of this.#entries) {
      if (usedBytes <= this.#limitBytes) return;
      usedBytes -= entry.layer1.size + entry.layer2.size;
      this.#drop(name, entry);
    }
  }

  #drop(name: string, { layer1, layer2 }: DeviceWeights): void {
    layer1.destroy();
    layer2.destroy();
    this.#entries.delete(name);
  }

  #buffer(size: number): GPUBuffer {
    return this.#device.createBuffer({ size, usage: STORAGE_BUFFER });
  }
}
