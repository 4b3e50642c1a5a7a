/// <reference types="@webgpu/types" />
import type { DeviceSession } from './device/device-session.ts';
import { flatGrid, type Dispatch, type ParamsWriter } from './device/dispatch.ts';
import { shaderSources, type ShaderName } from './shaders/sources.ts';
import { wordsOf } from './twins/blake3.ts';
import { BLOCK_BYTES, CHUNK_BYTES } from './twins/leaf-chunks.ts';

/** Bytes of a node of any tree. */
export const NODE_BYTES = 32;

type StreamStage = 'operand-stream' | 'weights' | 'leaf-chunks' | 'hash-pairs';
const streamStages: readonly StreamStage[] = [
  'operand-stream',
  'weights',
  'leaf-chunks',
  'hash-pairs',
];

/** Everything but the layers themselves: one method a shader, turning sizes and buffers into a dispatch. */
export class Stages {
  readonly #pipelines: Readonly<Record<StreamStage, GPUComputePipeline>>;

  private constructor(pipelines: Record<StreamStage, GPUComputePipeline>) {
    this.#pipelines = pipelines;
  }

  /** @throws KernelError `device_failed` when a shader does not compile */
  static async compile(session: DeviceSession): Promise<Stages> {
    const pipelines = await Promise.all(
      streamStages.map(async (name) => [name, await compileShader(session, name)] as const),
    );
    return new Stages(Object.fromEntries(pipelines) as Record<StreamStage, GPUComputePipeline>);
  }

  /** Rows of A: numbered by `rows` when `gather`, else from `firstRow` up. `operand` takes rowCount × k int8. */
  operandStream(
    params: ParamsWriter,
    input: {
      readonly key: Uint8Array;
      readonly k: number;
      readonly firstRow: number;
      readonly rowCount: number;
      readonly gather: boolean;
      readonly rows: GPUBuffer;
      readonly operand: GPUBuffer;
    },
  ): Dispatch {
    const blocksPerRow = input.k / BLOCK_BYTES;
    const block = params.add(
      wordsOf(input.key),
      input.firstRow,
      input.rowCount,
      blocksPerRow,
      input.gather ? 1 : 0,
    );
    return {
      pipeline: this.#pipelines['operand-stream'],
      bindings: [block, { buffer: input.rows }, { buffer: input.operand }],
      grid: flatGrid(input.rowCount * blocksPerRow),
    };
  }

  /** Transposed weights, columnCount × depth int8, into `weights`. */
  weights(
    params: ParamsWriter,
    input: {
      readonly key: Uint8Array;
      readonly depth: number;
      readonly columnCount: number;
      readonly weights: GPUBuffer;
    },
  ): Dispatch {
    const blocksPerRow = input.columnCount / BLOCK_BYTES;
    const block = params.add(wordsOf(input.key), input.depth, blocksPerRow);
    return {
      pipeline: this.#pipelines.weights,
      bindings: [block, { buffer: input.weights }],
      grid: flatGrid((input.depth / 4) * blocksPerRow),
    };
  }

  /** Leaves, or the chaining values of their chunks, of `rows` (rowCount × n bytes) into `nodes` from the start. */
  leafChunks(
    params: ParamsWriter,
    input: {
      readonly key: Uint8Array;
      readonly n: number;
      readonly rowCount: number;
      readonly rows: GPUBuffer;
      readonly nodes: GPUBuffer;
    },
  ): Dispatch {
    const chunksPerRow = chunksOf(input.n);
    const blocksPerChunk = input.n / chunksPerRow / BLOCK_BYTES;
    const block = params.add(wordsOf(input.key), input.rowCount, chunksPerRow, blocksPerChunk);
    return {
      pipeline: this.#pipelines['leaf-chunks'],
      bindings: [block, { buffer: input.rows }, { buffer: input.nodes }],
      grid: flatGrid(input.rowCount * chunksPerRow),
    };
  }

  /** One level of a tree inside `nodes`; offsets and counts are in nodes. */
  hashPairs(
    params: ParamsWriter,
    input: {
      readonly key: Uint32Array;
      readonly flags: number;
      readonly childOffset: number;
      readonly childCount: number;
      readonly parentOffset: number;
      readonly nodes: GPUBuffer;
    },
  ): Dispatch {
    const { key, childOffset, childCount, parentOffset, flags } = input;
    const block = params.add(key, childOffset, childCount, parentOffset, flags);
    return {
      pipeline: this.#pipelines['hash-pairs'],
      bindings: [block, { buffer: input.nodes }],
      grid: flatGrid(Math.ceil(childCount / 2)),
    };
  }
}

/** BLAKE3 chunks in a row of Y2: a power of two for every allowed n. */
export function chunksOf(n: number): number {
  return Math.max(1, n / CHUNK_BYTES);
}

/** @throws KernelError `device_failed` */
export async function compileShader(
  session: DeviceSession,
  name: ShaderName,
  constants: Readonly<Record<string, number>> = {},
): Promise<GPUComputePipeline> {
  return compileSource(session, { label: name, code: shaderSources[name], constants });
}

/** @throws KernelError `device_failed` */
export function compileSource(
  session: DeviceSession,
  source: {
    readonly label: string;
    readonly code: string;
    readonly constants: Readonly<Record<string, number>>;
  },
): Promise<GPUComputePipeline> {
  const { label, code, constants } = source;
  const { device } = session;
  return session.create(() =>
    device.createComputePipeline({
      label,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label, code }), constants },
    }),
  );
}
