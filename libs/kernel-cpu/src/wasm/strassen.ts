import type { KernelExports } from './kernel-module.ts';

/** A quadrant alone, or two of them added or subtracted. Quadrants: 0 top left, 1 top right, 2 bottom left, 3 bottom right. */
interface Combination {
  readonly x: number;
  readonly y?: number;
  readonly isDifference?: boolean;
}

interface Product {
  readonly left: Combination;
  readonly right: Combination;
  /** Quadrants of the result that the product is added to, and subtracted from. */
  readonly added: readonly number[];
  readonly subtracted: readonly number[];
}

/**
 * V. Strassen, "Gaussian elimination is not optimal", Numerische Mathematik 13 (1969): a product of 2 × 2 blocks from seven
 * products instead of eight. Exact over integers, also modulo 2^32.
 */
const PRODUCTS: readonly Product[] = [
  { left: { x: 0, y: 3 }, right: { x: 0, y: 3 }, added: [0, 3], subtracted: [] },
  { left: { x: 2, y: 3 }, right: { x: 0 }, added: [2], subtracted: [3] },
  { left: { x: 0 }, right: { x: 1, y: 3, isDifference: true }, added: [1, 3], subtracted: [] },
  { left: { x: 3 }, right: { x: 2, y: 0, isDifference: true }, added: [0, 2], subtracted: [] },
  { left: { x: 0, y: 1 }, right: { x: 3 }, added: [1], subtracted: [0] },
  { left: { x: 2, y: 0, isDifference: true }, right: { x: 0, y: 1 }, added: [3], subtracted: [] },
  { left: { x: 1, y: 3, isDifference: true }, right: { x: 2, y: 3 }, added: [0], subtracted: [] },
];

const PANEL_COLUMNS = 8;
/** A row of a panel of sums: 8 int32. */
export const SUMS_ROW_BYTES = 32;
/** Rows that `gemm` takes at a time, and that left operands interleave. */
export const TILE_ROWS = 4;
/** Matrices narrower than this are multiplied as they are: the additions would cost what the seven products save. */
const SMALLEST_DIMENSION = 512;
/** Two levels contribute a product to four blocks at most, which is what `gemm` takes. */
const MAX_LEVELS = 2;
/** Every level makes the packed weights 7/4 as large. */
const MAX_PACKED_BYTES = 64 * 2 ** 20;

/** Weights of one layer, packed for `gemm`: 7^levels products one after the other, each as panels of 8 columns. */
export interface PackedLayer {
  readonly address: number;
  /** Rows of the weights. */
  readonly depth: number;
  readonly columnCount: number;
  readonly levels: number;
}

/** Rows of int16 operands in the shared memory, or tiles of them. */
export interface Block {
  readonly address: number;
  readonly strideBytes: number;
}

/** Sums in panels of 8 columns, in each of them rows of 8 int32. */
export interface Sums {
  readonly address: number;
  readonly panelStrideBytes: number;
}

interface MultiplyOptions {
  /** Tiles of TILE_ROWS rows as the module's interleaveRows writes them. */
  readonly left: Block;
  readonly rowCount: number;
  readonly depth: number;
  readonly columnCount: number;
  readonly sums: Sums;
  readonly combined: number;
}

interface PackOptions {
  readonly rows: Block;
  readonly rowCount: number;
  /** Which of the layer's depth / rowCount groups of rows these are. */
  readonly block: number;
  readonly combined: number;
}

/** How many times a layer's matrices are halved. */
export function strassenLevels(depth: number, columnCount: number): number {
  if (Math.min(depth, columnCount) < SMALLEST_DIMENSION) return 0;
  let levels = MAX_LEVELS;
  while (levels > 0 && packedLayerBytes(depth, columnCount, levels) > MAX_PACKED_BYTES) levels--;
  return levels;
}

/** Weights are int16. */
export function packedLayerBytes(depth: number, columnCount: number, levels: number): number {
  return 2 * depth * columnCount * (7 / 4) ** levels;
}

/** Which row of the weights is the i-th of those packed together: `rowCount / 2^levels` neighbours from each part of the layer. */
export function packedRowIndex(
  layer: PackedLayer,
  { block, rowCount }: { readonly block: number; readonly rowCount: number },
  i: number,
): number {
  const partCount = 2 ** layer.levels;
  const partRows = rowCount / partCount;
  return Math.floor(i / partRows) * (layer.depth / partCount) + block * partRows + (i % partRows);
}

/** Blocks of sums that a product goes to; bit i of `subtracted`: it is subtracted from block i. */
interface Targets {
  readonly addresses: readonly number[];
  readonly subtracted: number;
}

/** Strassen's recursion over blocks in the shared memory; the arithmetic is the module's. */
export class Strassen {
  readonly #exports: KernelExports;

  constructor(exports: KernelExports) {
    this.#exports = exports;
  }

  /**
   * sums += left · weights, modulo 2^32.
   *
   * @param options - `left`: rowCount × depth int16, rowCount a multiple of TILE_ROWS · 2^levels; `depth` and `columnCount`:
   *   how many rows and columns of the weights to use, all of them where there are levels; `combined`: address of rowCount ·
   *   depth bytes of working space
   */
  multiply(options: MultiplyOptions, layer: PackedLayer): void {
    const { left, rowCount, depth, columnCount, sums, combined } = options;
    const partCount = 2 ** layer.levels;
    const partDepth = layer.depth / partCount;
    let packed = layer.address;
    const descend = (level: number, block: Block, free: number, targets: Targets): void => {
      if (level === layer.levels) {
        const [first = 0, second = 0, third = 0, fourth = 0] = targets.addresses;
        this.#exports.gemm(
          block.address,
          block.strideBytes,
          rowCount / partCount,
          depth / partCount,
          packed,
          partDepth * PANEL_COLUMNS * 2,
          columnCount / partCount,
          first,
          second,
          third,
          fourth,
          sums.panelStrideBytes,
          targets.subtracted,
        );
        packed += partDepth * (layer.columnCount / partCount) * 2;
        return;
      }
      const scale = 2 ** (level + 1);
      // What interleaves four rows keeps quadrants in one piece, so tiles are halved and combined as rows would be.
      const half = {
        rowCount: rowCount / scale / TILE_ROWS,
        rowBytes: (depth / scale) * 2 * TILE_ROWS,
      };
      const right = (columnCount / scale / PANEL_COLUMNS) * sums.panelStrideBytes;
      const below = (rowCount / scale) * SUMS_ROW_BYTES;
      for (const product of PRODUCTS) {
        const part = this.#combine(product.left, block, half, free);
        const nextTargets = targetsOf(product, targets, { right, below });
        descend(level + 1, part, free + half.rowCount * half.rowBytes, nextTargets);
      }
    };
    descend(0, left, combined, { addresses: [sums.address], subtracted: 0 });
  }

  /**
   * Packs rows of weights chosen by {@link packedRowIndex} in their place.
   *
   * @param options - `rows`: rowCount × layer.columnCount int16; `combined`: address of rowCount · columnCount bytes of working
   *   space
   */
  pack(options: PackOptions, layer: PackedLayer): void {
    const { rows, rowCount, block, combined } = options;
    const partCount = 2 ** layer.levels;
    const partRows = rowCount / partCount;
    const partDepth = layer.depth / partCount;
    const partColumns = layer.columnCount / partCount;
    const panelStride = partDepth * PANEL_COLUMNS * 2;
    let packed = layer.address + block * partRows * PANEL_COLUMNS * 2;
    const descend = (level: number, from: Block, free: number): void => {
      if (level === layer.levels) {
        const { address, strideBytes } = from;
        this.#exports.packRows(address, strideBytes, partRows, partColumns, packed, panelStride);
        packed += partDepth * partColumns * 2;
        return;
      }
      const scale = 2 ** (level + 1);
      const half = { rowCount: rowCount / scale, rowBytes: (layer.columnCount / scale) * 2 };
      for (const { right } of PRODUCTS) {
        const part = this.#combine(right, from, half, free);
        descend(level + 1, part, free + half.rowCount * half.rowBytes);
      }
    };
    descend(0, rows, combined);
  }

  /** A quadrant where it lies, or two of them combined at `out`; `half`: rows, or tiles, of a quadrant and their bytes. */
  #combine(
    { x, y, isDifference = false }: Combination,
    { address, strideBytes }: Block,
    half: { readonly rowCount: number; readonly rowBytes: number },
    out: number,
  ): Block {
    const { rowCount, rowBytes } = half;
    const quadrant = (index: number): number =>
      address + (index >> 1) * rowCount * strideBytes + (index & 1) * rowBytes;
    if (y === undefined) return { address: quadrant(x), strideBytes };
    const sign = isDifference ? 1 : 0;
    const { combineBlocks } = this.#exports;
    combineBlocks(quadrant(x), quadrant(y), sign, strideBytes, rowCount, rowBytes, out, rowBytes);
    return { address: out, strideBytes: rowBytes };
  }
}

/** Where a product of the next level goes: its quadrants in each block that the level above goes to. */
function targetsOf(
  { added, subtracted }: Product,
  above: Targets,
  offsets: { readonly right: number; readonly below: number },
): Targets {
  const addresses: number[] = [];
  let signs = 0;
  const push = (i: number, quadrant: number, sign: number): void => {
    const offset = (quadrant >> 1) * offsets.below + (quadrant & 1) * offsets.right;
    signs |= (((above.subtracted >> i) & 1) ^ sign) << addresses.length;
    addresses.push((above.addresses[i] ?? 0) + offset);
  };
  for (let i = 0; i < above.addresses.length; i++) {
    for (const quadrant of added) push(i, quadrant, 0);
    for (const quadrant of subtracted) push(i, quadrant, 1);
  }
  return { addresses, subtracted: signs };
}
