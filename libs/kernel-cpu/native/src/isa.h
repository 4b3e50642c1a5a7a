// What one instruction set offers: a table of plain functions. Each table lives in a file of its own, compiled for its own
// processor flags, so nothing of those files may be inline and shared: the linker would keep one copy for everyone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tops {

constexpr uint32_t kHashBytes = 32;
constexpr uint32_t kKeyBytes = 32;
/** Readers and writers of rows may run past their end by less than this. */
constexpr uint32_t kOverrunBytes = 1024;
/** Rows of weights that are generated and packed together; every depth is a multiple of it. */
constexpr uint32_t kPackRows = 64;

/** One layer over some rows: out = clamp((left · weights + bias) >> shift, 0, 127). */
struct LayerArgs {
  /** Rows in the format of the instruction set, `leftStride` bytes apart. */
  const uint8_t* left;
  size_t leftStride;
  uint32_t rowCount;
  uint32_t depth;
  /** Panels of `panelColumns` columns, `panelStride` bytes apart. */
  const uint8_t* packed;
  size_t panelStride;
  /** What every column's sum starts from; null for zeros. */
  const int32_t* bias;
  uint32_t columnCount;
  /** One byte a value, 0…127. */
  uint8_t* out;
  size_t outStride;
  uint32_t shift;
  /** Looked at between panels; anything but 0 leaves the rest undone. */
  const int* stop;
};

/** Rows of a stream matrix: row `rows[i]` of `keys[i]`. */
struct StreamArgs {
  const uint8_t* const* keys;
  const uint32_t* rows;
  uint32_t rowCount;
  /** A multiple of 64. */
  uint32_t rowBytes;
  uint8_t* out;
  size_t outStride;
  /** Applied to every byte: 0x80 turns int8 into uint8 with zero point 128. */
  uint8_t mask;
};

/** Keyed hashes of rows: 32 bytes each to `out`. */
struct HashArgs {
  const uint8_t* const* keys;
  const uint8_t* rows;
  size_t rowStride;
  uint32_t rowCount;
  /** A multiple of 64; past 1024 a power of two. */
  uint32_t rowBytes;
  uint8_t* out;
  /** Room for chaining values, 32 bytes for every 1024 bytes of row, of all rows. */
  uint8_t* scratch;
};

struct Isa {
  const char* name;
  /** Columns of a panel of packed weights: 16 or 32. */
  uint32_t panelColumns;
  /** Consecutive rows of weights that lie together for each column, of layer 1 and 2. */
  uint32_t depthGroup[2];
  /** Bytes of one value of layer 1's left operand: 1, or 2 where it is widened to int16. */
  uint32_t leftBytes;
  /** What its bytes are masked with; with 0x80 the bias of layer 1 is −128 · (sum of the column). */
  uint8_t leftMask;

  void (*streamRows)(const StreamArgs&);
  /** int8 at `row + count` to int16 at `row`, `count` of them, in place; null where leftBytes is 1. */
  void (*widenRow)(uint8_t* row, uint32_t count);
  void (*layer1)(const LayerArgs&);
  void (*layer2)(const LayerArgs&);
  void (*hashRows)(const HashArgs&);
  /** Unkeyed hashes of `count` × 64 bytes. */
  void (*foldNodes)(const uint8_t* children, uint32_t count, uint8_t* out);
  /** Register-only multiply-adds; gives the ops done, 2 for each multiply-add. `sink` takes the result. */
  uint64_t (*limitLoop)(uint32_t rounds, uint8_t* sink);
};

/** Whether the machine has it; empty ones are of another architecture. */
struct IsaCandidate {
  const Isa* isa;
  bool isSupported;
};

constexpr uint32_t kIsaCount = 4;
/** Best first, the generic one last and always supported. */
const IsaCandidate* isaCandidates();
/** Null when there is none of that name, or the machine lacks it. */
const Isa* findIsa(const char* name, size_t length);

#if defined(__x86_64__)
extern const Isa kAvx512VnniIsa;
extern const Isa kAvxVnniIsa;
extern const Isa kAvx2Isa;
#elif defined(__aarch64__)
extern const Isa kNeonDotIsa;
#endif
extern const Isa kGenericIsa;

}  // namespace tops
