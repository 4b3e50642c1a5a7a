/// <reference types="@webgpu/types" />
import { destroyTimestamps, type TimestampBuffers } from './device/pass-timer.ts';
import { createTreeBuffers, type TreeBuffers } from './workspace.ts';

/** Trees kept for the next attempts of the same size. */
const KEPT_TREES = 3;

export interface TreeLease {
  /** Allocates at the first call: make it inside a submission, whose error scopes then tell of a failure. */
  buffers(): TreeBuffers;
  /** @throws RangeError on a device without timestamps */
  timestamps(): TimestampBuffers;
  /** For the next attempt; only after the device and the host are done with them. */
  giveBack(): void;
  destroy(): void;
}

/** Tree buffers between attempts: allocating and zeroing them anew would cost each attempt its size in bandwidth. */
export class TreePool {
  readonly #device: GPUDevice;
  #kept: TreeBuffers[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  lease(byteLength: number): TreeLease {
    let held: TreeBuffers | undefined;
    const buffers = (): TreeBuffers => {
      held ??= this.#take(byteLength) ?? createTreeBuffers(this.#device, byteLength);
      return held;
    };
    return {
      buffers,
      timestamps: () => {
        const { timestamps } = buffers();
        if (!timestamps) throw new RangeError('the device has no timestamps');
        return timestamps;
      },
      giveBack: () => {
        if (held) this.#kept.push(held);
        held = undefined;
        for (const old of this.#kept.splice(0, this.#kept.length - KEPT_TREES)) destroy(old);
      },
      destroy: () => {
        if (held) destroy(held);
        held = undefined;
      },
    };
  }

  #take(byteLength: number): TreeBuffers | undefined {
    const fitting = this.#kept.find(({ nodes }) => nodes.size === byteLength);
    this.#kept = this.#kept.filter((kept) => kept !== fitting);
    return fitting;
  }
}

function destroy({ nodes, staging, timestamps }: TreeBuffers): void {
  nodes.destroy();
  staging.destroy();
  if (timestamps) destroyTimestamps(timestamps);
}
