/// <reference types="@webgpu/types" />
import type { AdapterDescription } from './device/adapter.ts';
import type { DeviceSession } from './device/device-session.ts';
import type { Dispatch, ParamsWriter } from './device/dispatch.ts';
import { shaderSources, subgroupMatrixSources } from './shaders/sources.ts';
import { compileSource } from './stages.ts';

export type GemmPathName = 'dot4' | 'subgroup-matrix' | 'plain';

/** Tile sizes of the dot4 path: override constants of shaders/gemm-dot4.wgsl. */
export interface GemmTile {
  readonly TM: number;
  readonly TN: number;
  readonly TK: number;
  readonly WG_M: number;
  readonly WG_N: number;
}

/** One way to compute a layer: a shader, its constants, and how many outputs a workgroup covers. */
export interface GemmVariant {
  readonly path: GemmPathName;
  /** Tells variants apart in logs, receipts and caches. */
  readonly label: string;
  readonly code: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroupRows: number;
  readonly workgroupColumns: number;
}

export interface LayerInput {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly depth: number;
  readonly shift: number;
  /** rowCount × depth int8. */
  readonly left: GPUBuffer;
  /** columnCount × depth int8: transposed. */
  readonly weights: GPUBuffer;
  /** Takes rowCount × columnCount int8. */
  readonly result: GPUBuffer;
}

/** A compiled variant. */
export class GemmPath {
  readonly variant: GemmVariant;
  readonly #pipeline: GPUComputePipeline;

  private constructor(variant: GemmVariant, pipeline: GPUComputePipeline) {
    this.variant = variant;
    this.#pipeline = pipeline;
  }

  /** @throws KernelError `device_failed` when the device does not take the shader */
  static async compile(session: DeviceSession, variant: GemmVariant): Promise<GemmPath> {
    const { label, code, constants } = variant;
    return new GemmPath(variant, await compileSource(session, { label, code, constants }));
  }

  /** result = clamp((left · weights) >> shift, 0, 127). */
  layer(params: ParamsWriter, input: LayerInput): Dispatch {
    const { rowCount, columnCount, depth, shift } = input;
    const { workgroupRows, workgroupColumns } = this.variant;
    return {
      pipeline: this.#pipeline,
      bindings: [
        params.add(rowCount, columnCount, depth, shift),
        { buffer: input.left },
        { buffer: input.weights },
        { buffer: input.result },
      ],
      grid: [Math.ceil(columnCount / workgroupColumns), Math.ceil(rowCount / workgroupRows)],
    };
  }
}

export const largestTile: GemmTile = { TM: 8, TN: 8, TK: 64, WG_M: 16, WG_N: 16 };

/** The tiles the trial compares where no operator chose one: large ones for big GPUs, small ones for small ones. */
export const defaultTiles: readonly GemmTile[] = [
  largestTile,
  { TM: 8, TN: 8, TK: 64, WG_M: 8, WG_N: 8 },
  { TM: 4, TN: 8, TK: 64, WG_M: 16, WG_N: 8 },
  { TM: 4, TN: 4, TK: 64, WG_M: 8, WG_N: 8 },
];

/** For software adapters: they pay for every invocation at every barrier. */
export const softwareTile: GemmTile = { TM: 8, TN: 8, TK: 64, WG_M: 4, WG_N: 4 };

/**
 * @throws RangeError for sizes the shader cannot take
 */
export function dot4Variant(tile: GemmTile): GemmVariant {
  const { TM, TN, TK, WG_M, WG_N } = tile;
  const isUsable =
    Object.values(tile).every((size) => Number.isInteger(size) && size > 0) &&
    TN % 4 === 0 &&
    TN <= 16 &&
    TM * TN <= 64 &&
    TK % 16 === 0;
  if (!isUsable) {
    throw new RangeError(
      `tile: expected TN 4, 8, 12 or 16, TM·TN at most 64 and TK a multiple of 16, got ${JSON.stringify(tile)}`,
    );
  }
  return {
    path: 'dot4',
    label: `dot4 ${TM}x${TN}x${TK} ${WG_M}x${WG_N}`,
    code: shaderSources['gemm-dot4'],
    constants: { ...tile },
    workgroupRows: TM * WG_M,
    workgroupColumns: TN * WG_N,
  };
}

/** Outputs of a workgroup of gemm-plain: 8 × 8 invocations of four columns. */
export const plainVariant: GemmVariant = {
  path: 'plain',
  label: 'plain',
  code: shaderSources['gemm-plain'],
  constants: {},
  workgroupRows: 8,
  workgroupColumns: 32,
};

/** Rows and columns of the tile of one subgroup in shaders/gemm-subgroup-matrix.wgsl. */
const SUBGROUP_TILE = 64;

/** Variants for the matrix sizes the adapter lists, in both readings of the load's units; the known answer tells. */
export function subgroupMatrixVariants(adapter: AdapterDescription): GemmVariant[] {
  const { subgroupMatrixConfigs, subgroupSizes, features, limits } = adapter;
  const isOffered = features.includes('chromium-experimental-subgroup-matrix');
  // The shader finds its subgroup from the invocation's index, so the size must be certain.
  if (!isOffered || subgroupSizes.min !== subgroupSizes.max) return [];
  const variants: GemmVariant[] = [];
  for (const { componentType, resultComponentType, M, N, K } of subgroupMatrixConfigs) {
    const code = subgroupMatrixSources[`${M}x${N}x${K}`];
    if (!code || componentType !== 'i8' || resultComponentType !== 'i32') continue;
    for (const [SUBGROUPS_M, SUBGROUPS_N] of [
      [4, 2],
      [2, 2],
    ] as const) {
      const subgroupCount = SUBGROUPS_M * SUBGROUPS_N;
      const invocations = subgroupCount * subgroupSizes.max;
      const bandBytes = M * SUBGROUP_TILE * 4;
      if (invocations > (limits['maxComputeInvocationsPerWorkgroup'] ?? 0)) continue;
      if (subgroupCount * bandBytes > (limits['maxComputeWorkgroupStorageSize'] ?? 0)) continue;
      for (const LOAD_UNIT_BYTES of [4, 1]) {
        variants.push({
          path: 'subgroup-matrix',
          label: `subgroup-matrix ${M}x${N}x${K} ${SUBGROUPS_M}x${SUBGROUPS_N} unit ${LOAD_UNIT_BYTES}`,
          code,
          constants: {
            SUBGROUP_SIZE: subgroupSizes.max,
            SUBGROUPS_M,
            SUBGROUPS_N,
            LOAD_UNIT_BYTES,
          },
          workgroupRows: SUBGROUPS_M * SUBGROUP_TILE,
          workgroupColumns: SUBGROUPS_N * SUBGROUP_TILE,
        });
      }
    }
  }
  return variants;
}
