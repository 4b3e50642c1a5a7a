import { packedLayerBytes, strassenLevels, TILE_ROWS, type PackedLayer } from './strassen.ts';

/** Rows of one subtree, and of one block of weights; every attempt has a multiple of them. */
export const CHUNK_ROWS = 64;
/**
 * Rows that pass through both layers together where there are Strassen levels: each of the many small products reads its
 * weights once a pass, so that few rows would wait for the memory. CHUNK_ROWS times a power of two.
 */
const LEVELLED_PASS_ROWS = 512;
/** Levels of the tree above the leaves inside one chunk: 2^6 = CHUNK_ROWS. */
export const CHUNK_LEVELS = 6;

const HASH_BYTES = 32;
/** Four rows or blocks are worked on at a time, so readers and writers may run past an end by less than this. */
const OVERRUN_BYTES = 512;
const SCRATCH_BYTES = 4096;
const ALIGNMENT_BYTES = 64;
/** Keeps one thread's writes off its neighbours' pages. */
const SLOT_ALIGNMENT_BYTES = 4096;

/**
 * Distance of two rows of int16. A line more than they need: rows a power of two apart would all fall on the same few sets
 * of the first-level cache.
 */
export function operandStrideBytes(columnCount: number): number {
  return columnCount * 2 + ALIGNMENT_BYTES;
}

/** Distance of two tiles of TILE_ROWS interleaved rows, likewise. */
export function tileStrideBytes(columnCount: number): number {
  return columnCount * 2 * TILE_ROWS + ALIGNMENT_BYTES;
}

/** Addresses of one thread's working space. */
export interface SlotLayout {
  /** The attempt's or the weights' key, 32 bytes. */
  readonly key: number;
  /** BLAKE3's initial value, 32 bytes: the key of unkeyed hashes. */
  readonly initialValue: number;
  /** passRows × u32. */
  readonly rowIndices: number;
  readonly scratch: number;
  /** passRows × k int16 in tiles, {@link tileStrideBytes} apart. */
  readonly a: number;
  /** passRows × n int16, likewise; also where rows of weights are generated before packing. */
  readonly y1: number;
  /** passRows × n int8. */
  readonly y2: number;
  /** passRows × n int32. */
  readonly sums: number;
  /** Blocks combined for Strassen's products, passRows × max(k, n) bytes; also where rows of A are generated, a tile at a time. */
  readonly combined: number;
  /** Leaves of a pass, passRows × 32 bytes. */
  readonly hashes: number;
  /** Levels of nodes above one chunk, CHUNK_ROWS × 32 bytes. */
  readonly nodes: number;
}

/** How often the matrices of each layer are halved. */
export interface WeightsLevels {
  readonly layer1: number;
  readonly layer2: number;
}

/** Weights that serve every smaller shape too. */
export const NO_LEVELS: WeightsLevels = { layer1: 0, layer2: 0 };

/** For all rows of attempts of this one shape. */
export function attemptLevels(n: number, k: number): WeightsLevels {
  return { layer1: strassenLevels(k, n), layer2: strassenLevels(n, n) };
}

/** Where the operands for (n, k) lie in the shared memory. Plain data: it travels to the threads. */
export interface WeightsPlace {
  readonly n: number;
  readonly k: number;
  readonly levels: WeightsLevels;
  /** Start of the whole range, a multiple of 4096. */
  readonly address: number;
}

type PlaceShape = Omit<WeightsPlace, 'address'>;

/** Rows that a slot has room for. */
export function passRows({ layer1, layer2 }: WeightsLevels): number {
  return layer1 + layer2 > 0 ? LEVELLED_PASS_ROWS : CHUNK_ROWS;
}

interface Offsets extends SlotLayout {
  readonly slotBytes: number;
}

function align(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function slotOffsets({ n, k, levels }: PlaceShape): Offsets {
  const rows = passRows(levels);
  let end = 0;
  const take = (bytes: number): number => {
    const start = end;
    end = align(end + bytes, ALIGNMENT_BYTES);
    return start;
  };
  const layout = {
    key: take(32),
    initialValue: take(32),
    rowIndices: take(rows * 4),
    scratch: take(SCRATCH_BYTES),
    a: take(rows * operandStrideBytes(k) + OVERRUN_BYTES),
    y1: take(rows * operandStrideBytes(n) + OVERRUN_BYTES),
    y2: take(rows * n + OVERRUN_BYTES),
    sums: take(rows * n * 4),
    combined: take(rows * Math.max(n, k)),
    hashes: take(rows * HASH_BYTES + OVERRUN_BYTES),
    nodes: take(CHUNK_ROWS * HASH_BYTES + OVERRUN_BYTES),
  };
  return { ...layout, slotBytes: align(end, SLOT_ALIGNMENT_BYTES) };
}

function weightsBytes({ n, k, levels }: PlaceShape): number {
  return align(
    packedLayerBytes(k, n, levels.layer1) + packedLayerBytes(n, n, levels.layer2),
    SLOT_ALIGNMENT_BYTES,
  );
}

/** Bytes of packed weights (int16) and of every thread's working space. */
export function placeBytes(shape: PlaceShape, threadCount: number): number {
  return weightsBytes(shape) + threadCount * slotOffsets(shape).slotBytes;
}

/** Packed W1 and W2. */
export function packedWeights(place: WeightsPlace): {
  readonly layer1: PackedLayer;
  readonly layer2: PackedLayer;
} {
  const { n, k, address, levels } = place;
  return {
    layer1: { address, depth: k, columnCount: n, levels: levels.layer1 },
    layer2: {
      address: address + packedLayerBytes(k, n, levels.layer1),
      depth: n,
      columnCount: n,
      levels: levels.layer2,
    },
  };
}

export function slotLayout(place: WeightsPlace, threadIndex: number): SlotLayout {
  const { slotBytes, ...offsets } = slotOffsets(place);
  const base = place.address + weightsBytes(place) + threadIndex * slotBytes;
  return {
    key: base + offsets.key,
    initialValue: base + offsets.initialValue,
    rowIndices: base + offsets.rowIndices,
    scratch: base + offsets.scratch,
    a: base + offsets.a,
    y1: base + offsets.y1,
    y2: base + offsets.y2,
    sums: base + offsets.sums,
    combined: base + offsets.combined,
    hashes: base + offsets.hashes,
    nodes: base + offsets.nodes,
  };
}
