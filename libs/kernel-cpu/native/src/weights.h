#pragma once

#include <cstdint>

#include "buffer.h"
#include "isa.h"

namespace tops {

/** Sizes of both layers: W1 is k × n, W2 is n × n. */
struct Sizes {
  uint32_t n;
  uint32_t k;
};

/**
 * Packed W1 and W2 for shapes up to `sizes`: weights are prefixes of two infinite matrices, and so are panels. Filled block
 * by block by any threads, then `finish`ed by one.
 */
class Weights {
 public:
  /** Throws std::bad_alloc. */
  Weights(const Isa& isa, Sizes sizes);

  static uint64_t byteLength(const Isa& isa, Sizes sizes);
  Sizes sizes() const { return sizes_; }
  uint32_t packBlockCount() const { return (sizes_.k + sizes_.n) / kPackRows; }
  /** Generates and packs kPackRows rows: W1's blocks come first. `scratch` has kPackRows × n bytes and kOverrunBytes. */
  void packBlock(uint32_t block, const uint8_t* const layerKeys[2], uint8_t* scratch);
  /** Once all blocks are packed, before the first use. */
  void finish();

  const uint8_t* layer1() const { return packed_.data(); }
  const uint8_t* layer2() const { return packed_.data() + layer2Offset_; }
  size_t panelStride(int layer) const;
  /** −128 · (sum of each column over the first k rows); null for instruction sets that need none. */
  const int32_t* layer1Bias(uint32_t k) const;

 private:
  void addSums(uint32_t block, const uint8_t* rows);

  const Isa& isa_;
  Sizes sizes_;
  size_t layer2Offset_;
  Buffer packed_;
  /** k / kPackRows rows of n int32: sums of one block each, running totals times −128 after `finish`. */
  Buffer sums_;
};

}  // namespace tops
