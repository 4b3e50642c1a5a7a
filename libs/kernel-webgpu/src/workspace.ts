/// <reference types="@webgpu/types" />
import { createAttemptTimestamps } from './attempt-clock.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import { STAGING_BUFFER, STORAGE_BUFFER, UNIFORM_BUFFER } from './device/buffer-usage.ts';
import type { TimestampBuffers } from './device/pass-timer.ts';

/** Parameter blocks of 256 bytes for the largest submission: weights 2, a chunk 14, a tree 18. */
const UNIFORM_BYTES = 64 * 256;

/** A buffer that is replaced by a larger one when it must hold more; what it held is lost then. */
class GrowingBuffer {
  readonly #device: GPUDevice;
  readonly #usage: number;
  #buffer: GPUBuffer | undefined;

  constructor(device: GPUDevice, usage: number) {
    this.#device = device;
    this.#usage = usage;
  }

  atLeast(size: number): GPUBuffer {
    if (!this.#buffer || this.#buffer.size < size) {
      // Work already queued keeps a destroyed buffer's memory until it is done.
      this.#buffer?.destroy();
      this.#buffer = this.#device.createBuffer({ size, usage: this.#usage });
    }
    return this.#buffer;
  }

  destroy(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}

/** Buffers of one chunk, as a submission uses them. */
export interface ChunkBuffers {
  readonly uniforms: GPUBuffer;
  /** Row numbers of a gathered chunk. */
  readonly rows: GPUBuffer;
  readonly operand: GPUBuffer;
  readonly layer1: GPUBuffer;
  readonly layer2: GPUBuffer;
  readonly nodes: GPUBuffer;
}

/** The working buffers of one chunk in flight. The queue runs in order, so a later submission may reuse them at once. */
export class Workspace {
  readonly #uniforms: GrowingBuffer;
  readonly #rows: GrowingBuffer;
  readonly #operand: GrowingBuffer;
  readonly #layer1: GrowingBuffer;
  readonly #layer2: GrowingBuffer;
  readonly #nodes: GrowingBuffer;

  constructor(device: GPUDevice) {
    const storage = (): GrowingBuffer => new GrowingBuffer(device, STORAGE_BUFFER);
    this.#uniforms = new GrowingBuffer(device, UNIFORM_BUFFER);
    this.#rows = storage();
    this.#operand = storage();
    this.#layer1 = storage();
    this.#layer2 = storage();
    this.#nodes = storage();
  }

  /** @param gatheredRows - how many row numbers will be uploaded; 0 for a chunk of consecutive rows */
  buffers(plan: ChunkPlan, gatheredRows: number): ChunkBuffers {
    return {
      uniforms: this.#uniforms.atLeast(UNIFORM_BYTES),
      rows: this.#rows.atLeast(Math.max(1, gatheredRows) * 4),
      operand: this.#operand.atLeast(plan.operandBytes),
      layer1: this.#layer1.atLeast(plan.outputBytes),
      layer2: this.#layer2.atLeast(plan.outputBytes),
      nodes: this.#nodes.atLeast(plan.nodesBytes),
    };
  }

  /** Frees the memory, after a submission that ran out of it; the next one allocates anew. */
  destroy(): void {
    for (const buffer of [this.#rows, this.#operand, this.#layer1, this.#layer2, this.#nodes]) {
      buffer.destroy();
    }
  }
}

/** A tree on the device and where the host reads it, and the times of its attempt where the device tells them. */
export interface TreeBuffers {
  readonly nodes: GPUBuffer;
  readonly staging: GPUBuffer;
  readonly timestamps: TimestampBuffers | undefined;
}

export function createTreeBuffers(device: GPUDevice, byteLength: number): TreeBuffers {
  return {
    nodes: device.createBuffer({ size: byteLength, usage: STORAGE_BUFFER }),
    staging: device.createBuffer({ size: byteLength, usage: STAGING_BUFFER }),
    timestamps: device.features.has('timestamp-query')
      ? createAttemptTimestamps(device)
      : undefined,
  };
}
