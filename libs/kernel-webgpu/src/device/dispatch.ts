/// <reference types="@webgpu/types" />
import { KernelError } from '@tops/kernel-spec';

/** Invocations of a workgroup in the shaders that take a flat index (`@workgroup_size(64)`). */
const FLAT_WORKGROUP = 64;
/** WebGPU's default maxComputeWorkgroupsPerDimension; no device offers less. */
export const MAX_WORKGROUPS = 65_535;

export type Grid = readonly [x: number, y: number];

/** A grid of at least `invocations` flat invocations, in two dimensions where one is too short. */
export function flatGrid(invocations: number): Grid {
  const workgroups = Math.ceil(invocations / FLAT_WORKGROUP);
  const y = Math.ceil(workgroups / MAX_WORKGROUPS);
  return [Math.ceil(workgroups / y), y];
}

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  /** Bindings 0, 1, … of group 0. */
  readonly bindings: readonly GPUBufferBinding[];
  readonly grid: Grid;
}

export function encodeDispatch(
  device: GPUDevice,
  pass: GPUComputePassEncoder,
  { pipeline, bindings, grid }: Dispatch,
): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: bindings.map((resource, binding) => ({ binding, resource })),
    }),
  );
  pass.dispatchWorkgroups(...grid);
}

/**
 * Parameters of the dispatches of one submission, in one uniform buffer that is written once.
 */
export class ParamsWriter {
  readonly #device: GPUDevice;
  readonly #buffer: GPUBuffer;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #strideWords: number;
  #usedWords = 0;

  /** @param buffer - a uniform buffer no other unsubmitted writer uses */
  constructor(device: GPUDevice, buffer: GPUBuffer) {
    this.#device = device;
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer.size / 4);
    this.#strideWords = device.limits.minUniformBufferOffsetAlignment / 4;
  }

  /** Appends a parameter block. @returns its binding */
  add(...words: readonly (number | Uint32Array)[]): GPUBufferBinding {
    const start = this.#usedWords;
    if (start + this.#strideWords > this.#words.length) {
      throw new KernelError(
        'device_failed',
        'more dispatches than a submission has parameters for',
      );
    }
    let at = start;
    for (const part of words) {
      if (typeof part === 'number') this.#words[at++] = part;
      else {
        this.#words.set(part, at);
        at += part.length;
      }
    }
    this.#usedWords = start + this.#strideWords;
    const sizeWords = Math.ceil((at - start) / 4) * 4;
    return { buffer: this.#buffer, offset: start * 4, size: sizeWords * 4 };
  }

  /** Queues the write; before the submission that reads it. */
  flush(): void {
    this.#device.queue.writeBuffer(this.#buffer, 0, this.#words, 0, this.#usedWords);
  }
}
