/** Rows that pass through both layers together: A, Y1 and Y2 of one chunk fit a second-level cache. */
export const CHUNK_ROWS = 64;
/** Levels of the tree above the leaves inside one chunk: 2^6 = CHUNK_ROWS. */
export const CHUNK_LEVELS = 6;

const HASH_BYTES = 32;
/** Four rows or blocks are worked on at a time, so readers and writers may run past an end by less than this. */
const OVERRUN_BYTES = 512;
const SCRATCH_BYTES = 4096;
const ALIGNMENT_BYTES = 64;
/** Keeps one thread's writes off its neighbours' pages. */
const SLOT_ALIGNMENT_BYTES = 4096;

/** Addresses of one thread's working space. */
export interface SlotLayout {
  /** The attempt's or the weights' key, 32 bytes. */
  readonly key: number;
  /** BLAKE3's initial value, 32 bytes: the key of unkeyed hashes. */
  readonly initialValue: number;
  /** CHUNK_ROWS × u32. */
  readonly rowIndices: number;
  readonly scratch: number;
  /** CHUNK_ROWS × k int16. */
  readonly a: number;
  /** CHUNK_ROWS × n int16; also where weights are generated before packing. */
  readonly y1: number;
  /** CHUNK_ROWS × n int8. */
  readonly y2: number;
  /** Leaves of a chunk, then its levels of nodes, 2 × CHUNK_ROWS × 32 bytes. */
  readonly hashes: number;
}

/** Where the operands for shapes up to (n, k) lie in the shared memory. Plain data: it travels to the threads. */
export interface WeightsPlace {
  readonly n: number;
  readonly k: number;
  /** Start of the whole range, a multiple of 4096. */
  readonly address: number;
}

interface Offsets extends SlotLayout {
  readonly slotBytes: number;
}

function align(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function slotOffsets(n: number, k: number): Offsets {
  let end = 0;
  const take = (bytes: number): number => {
    const start = end;
    end = align(end + bytes, ALIGNMENT_BYTES);
    return start;
  };
  const layout = {
    key: take(32),
    initialValue: take(32),
    rowIndices: take(CHUNK_ROWS * 4),
    scratch: take(SCRATCH_BYTES),
    a: take(CHUNK_ROWS * k * 2 + OVERRUN_BYTES),
    y1: take(CHUNK_ROWS * n * 2 + OVERRUN_BYTES),
    y2: take(CHUNK_ROWS * n + OVERRUN_BYTES),
    hashes: take(2 * CHUNK_ROWS * HASH_BYTES + OVERRUN_BYTES),
  };
  return { ...layout, slotBytes: align(end, SLOT_ALIGNMENT_BYTES) };
}

function weightsBytes(n: number, k: number): number {
  return align((k * n + n * n) * 2, SLOT_ALIGNMENT_BYTES);
}

/** Bytes of packed weights (int16) and of every thread's working space. */
export function placeBytes(n: number, k: number, threadCount: number): number {
  return weightsBytes(n, k) + threadCount * slotOffsets(n, k).slotBytes;
}

/** Packed W1 and W2: addresses, and the distance between panels of 8 columns. */
export function packedWeights(place: WeightsPlace): {
  readonly layer1: number;
  readonly layer1PanelStride: number;
  readonly layer2: number;
  readonly layer2PanelStride: number;
} {
  const { n, k, address } = place;
  return {
    layer1: address,
    layer1PanelStride: k * 16,
    layer2: address + k * n * 2,
    layer2PanelStride: n * 16,
  };
}

export function slotLayout(place: WeightsPlace, threadIndex: number): SlotLayout {
  const { slotBytes, ...offsets } = slotOffsets(place.n, place.k);
  const base = place.address + weightsBytes(place.n, place.k) + threadIndex * slotBytes;
  return {
    key: base + offsets.key,
    initialValue: base + offsets.initialValue,
    rowIndices: base + offsets.rowIndices,
    scratch: base + offsets.scratch,
    a: base + offsets.a,
    y1: base + offsets.y1,
    y2: base + offsets.y2,
    hashes: base + offsets.hashes,
  };
}
