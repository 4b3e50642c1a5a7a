/// <reference types="@webgpu/types" />
import { HASH_BYTES } from '@tops/crypto';
import {
  KernelError,
  RetainedTree,
  retainedTreeLayout,
  type Attempt,
  type DeviceTime,
  type KernelOptions,
  type RetainedTreeLayout,
} from '@tops/kernel-spec';
import { shapeOps } from '@tops/protocol';
import { AttemptClock, type BestGemmRate, type ChunkTimestamps } from './attempt-clock.ts';
import { ROW_STEP, planChunk, planRows, type ChunkLimits, type ChunkPlan } from './chunk-plan.ts';
import { DeviceWeightsCache } from './device-weights.ts';
import { STAGING_BUFFER } from './device/buffer-usage.ts';
import type { DeviceSession } from './device/device-session.ts';
import { ParamsWriter, encodeDispatch, type Dispatch } from './device/dispatch.ts';
import type { GemmPath } from './gemm-path.ts';
import { Permits, unlessAborted } from './permits.ts';
import { Pipeline, type ChunkRows, type NodeRange } from './pipeline.ts';
import type { Stages } from './stages.ts';
import { TreePool, type TreeLease } from './tree-pool.ts';
import { Workspace } from './workspace.ts';

/** Submissions queued at a time: the device always has its next ones while the host hears of the last. */
const IN_FLIGHT = 4;
/** Two take turns, so that one chunk need not wait for the buffers of the one before. */
const WORKSPACES = 2;

export interface EngineOptions {
  readonly chunkLimits: ChunkLimits;
  readonly weightsCacheBytes: number;
  readonly retainedNodeLimit: number;
}

export interface EngineParts {
  readonly session: DeviceSession;
  readonly stages: Stages;
  readonly gemm: GemmPath;
  readonly bestGemmRate: BestGemmRate;
}

/** A whole attempt: its tree, and how long the device worked on it. */
export interface BuiltTree {
  readonly tree: RetainedTree;
  readonly deviceTime: DeviceTime;
}

/** What all chunks of an attempt share. */
interface TreeWork {
  readonly attempt: Attempt;
  readonly plan: ChunkPlan;
  readonly layout: RetainedTreeLayout;
  readonly lease: TreeLease;
  readonly clock: AttemptClock;
}

interface ChunkWork {
  readonly attempt: Attempt;
  readonly plan: ChunkPlan;
  readonly rows: ChunkRows;
  /** Row numbers of a gathered chunk. */
  readonly gathered?: Uint32Array<ArrayBuffer>;
  /** Tree levels folded inside the chunk. */
  readonly levels: number;
  /** Where its passes leave their times; asked for inside the submission. */
  readonly timestamps?: () => ChunkTimestamps | undefined;
  /** What follows in the same submission, after the chunk's dispatches; may add more in a second pass. */
  finish(
    encoder: GPUCommandEncoder,
    hashes: { nodes: GPUBuffer; range: NodeRange },
    more: MorePasses,
  ): void;
}

type MorePasses = (make: (params: ParamsWriter, dispatches: Dispatch[]) => void) => void;

/**
 * Streams attempts through one device in chunks of rows. Operands, activations and weights stay on it; hashes come back.
 * Several attempts may be under way: their chunks take turns.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #session: DeviceSession;
  readonly #pipeline: Pipeline;
  readonly #weights: DeviceWeightsCache;
  readonly #workspaces: readonly Workspace[];
  readonly #trees: TreePool;
  readonly #permits = new Permits(IN_FLIGHT);
  readonly #bestGemmRate: BestGemmRate;
  #submissions = 0;

  constructor({ session, stages, gemm, bestGemmRate }: EngineParts, options: EngineOptions) {
    const { device } = session;
    this.#bestGemmRate = bestGemmRate;
    this.#options = options;
    this.#session = session;
    this.#pipeline = new Pipeline(stages, gemm);
    this.#weights = new DeviceWeightsCache(device, stages, options.weightsCacheBytes);
    this.#workspaces = Array.from({ length: WORKSPACES }, () => new Workspace(device));
    this.#trees = new TreePool(device);
  }

  /** All rows of an attempt. @throws KernelError */
  async buildTree(attempt: Attempt, options: KernelOptions = {}): Promise<BuiltTree> {
    const { signal } = options;
    const { m, n, k } = attempt.shape;
    const plan = planChunk(attempt.shape, this.#options.chunkLimits);
    const layout = retainedTreeLayout(m, this.#options.retainedNodeLimit);
    const lease = this.#trees.lease(layout.byteLength);
    const clock = new AttemptClock(
      {
        rowCount: m,
        chunkRows: plan.chunkRows,
        opsPerRow: Number(shapeOps({ m: 1, n, k })),
        timestamps: this.#session.hasTimestamps ? () => lease.timestamps() : undefined,
      },
      this.#bestGemmRate,
    );
    try {
      await this.#submitTree({ attempt, plan, layout, lease, clock }, options);
      const read = this.#session.read.bind(this.#session);
      const [deviceTime, bytes] = await unlessAborted(
        Promise.all([clock.read(read), read(lease.buffers().staging, layout.byteLength)]),
        signal,
      );
      lease.giveBack();
      return { tree: new RetainedTree(layout, bytes), deviceTime };
    } catch (error) {
      lease.destroy();
      throw error;
    }
  }

  /** Submits chunk after chunk, a few at a time. @returns when the device has done all of them */
  async #submitTree(work: TreeWork, { signal, onQueued }: KernelOptions): Promise<void> {
    const { m } = work.attempt.shape;
    const { chunkRows } = work.plan;
    let failure: unknown;
    let last: Promise<void> = Promise.resolve();
    for (let firstRow = 0; firstRow < m; firstRow += chunkRows) {
      const release = await this.#permits.acquire(signal);
      if (failure !== undefined) {
        release();
        throw failure;
      }
      const rowCount = Math.min(chunkRows, m - firstRow);
      last = this.#submitTreeChunk(work, { firstRow, rowCount, gather: false }).finally(release);
      last.catch((error: unknown) => {
        failure ??= error;
      });
    }
    onQueued?.();
    // The queue runs in order: the last submission ends after all others.
    await unlessAborted(last, signal);
    if (failure !== undefined) throw failure;
  }

  /** Leaves of `rows`, rows × 32 bytes. @throws KernelError */
  async computeLeaves(
    attempt: Attempt,
    rows: readonly number[],
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { shape } = attempt;
    const paddedRows = Math.max(1, Math.ceil(rows.length / ROW_STEP)) * ROW_STEP;
    const { chunkRows } = planChunk({ ...shape, m: paddedRows }, this.#options.chunkLimits);
    const parts: Promise<Uint8Array>[] = [];
    for (let first = 0; first < rows.length; first += chunkRows) {
      parts.push(this.#gatherLeaves(attempt, rows.slice(first, first + chunkRows), signal));
    }
    const leaves = new Uint8Array(rows.length * HASH_BYTES);
    (await Promise.all(parts)).forEach((part, i) => {
      leaves.set(part, i * chunkRows * HASH_BYTES);
    });
    return leaves;
  }

  #submitTreeChunk(work: TreeWork, rows: ChunkRows): Promise<void> {
    const { attempt, plan, layout, lease, clock } = work;
    const { m } = attempt.shape;
    return this.#submitChunk({
      attempt,
      plan,
      rows,
      levels: layout.baseLevel,
      timestamps: () => clock.writes(rows.firstRow),
      finish: (encoder, { nodes, range }, more) => {
        const tree = lease.buffers();
        const target = (rows.firstRow >> layout.baseLevel) * HASH_BYTES;
        const source = range.offset * HASH_BYTES;
        encoder.copyBufferToBuffer(nodes, source, tree.nodes, target, range.count * HASH_BYTES);
        if (rows.firstRow + rows.rowCount < m) return;
        more((params, dispatches) => {
          this.#pipeline.tree(params, dispatches, { layout, nodes: tree.nodes });
        });
        encoder.copyBufferToBuffer(tree.nodes, 0, tree.staging, 0, layout.byteLength);
        clock.resolve(encoder);
      },
    });
  }

  async #gatherLeaves(
    attempt: Attempt,
    rows: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const rowCount = rows.length;
    const byteLength = rowCount * HASH_BYTES;
    const release = await this.#permits.acquire(signal);
    let staging: GPUBuffer | undefined;
    const done = this.#submitChunk({
      attempt,
      plan: planRows(attempt.shape, Math.ceil(rowCount / ROW_STEP) * ROW_STEP),
      rows: { firstRow: 0, rowCount, gather: true },
      gathered: Uint32Array.from(rows),
      levels: 0,
      finish: (encoder, { nodes, range }) => {
        staging = this.#session.device.createBuffer({ size: byteLength, usage: STAGING_BUFFER });
        encoder.copyBufferToBuffer(nodes, range.offset * HASH_BYTES, staging, 0, byteLength);
      },
    }).finally(release);
    try {
      await unlessAborted(done, signal);
      if (!staging) throw new KernelError('device_failed', 'nothing was submitted');
      return await unlessAborted(this.#session.read(staging, byteLength), signal);
    } finally {
      staging?.destroy();
    }
  }

  async #submitChunk(work: ChunkWork): Promise<void> {
    const workspace = this.#workspaces[this.#submissions++ % WORKSPACES];
    if (!workspace) throw new RangeError('no workspace');
    try {
      await this.#session.submit(() => this.#encode(work, workspace));
    } catch (error) {
      // Nobody knows what a failed submission left behind, and after running out of memory less should be held.
      this.#weights.clear();
      for (const each of this.#workspaces) each.destroy();
      throw error;
    }
  }

  #encode(work: ChunkWork, workspace: Workspace): GPUCommandBuffer {
    const { device } = this.#session;
    const { attempt, plan, rows, levels, gathered } = work;
    const buffers = workspace.buffers(plan, gathered?.length ?? 0);
    if (gathered) device.queue.writeBuffer(buffers.rows, 0, gathered);
    const params = new ParamsWriter(device, buffers.uniforms);
    const encoder = device.createCommandEncoder();
    const encodePass = (
      dispatches: readonly Dispatch[],
      timestampWrites?: GPUComputePassTimestampWrites,
    ): void => {
      const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
      for (const dispatch of dispatches) encodeDispatch(device, pass, dispatch);
      pass.end();
    };
    const { n, k } = attempt.shape;
    const weightsFirst: Dispatch[] = [];
    const weights = this.#weights.get(n, k, params, weightsFirst);
    const chunk = { attempt, rows, levels, weights, buffers };
    const { operands, layers, hashes, range } = this.#pipeline.chunk(params, chunk);
    const timestamps = work.timestamps?.();
    encodePass([...weightsFirst, ...operands], timestamps?.operands);
    encodePass(layers, timestamps?.layers);
    encodePass(hashes, timestamps?.hashes);
    work.finish(encoder, { nodes: buffers.nodes, range }, (make) => {
      const others: Dispatch[] = [];
      make(params, others);
      encodePass(others);
    });
    params.flush();
    return encoder.finish();
  }
}
