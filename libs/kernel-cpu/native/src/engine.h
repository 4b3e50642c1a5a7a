#pragma once

#include <cstdint>

#include "buffer.h"
#include "isa.h"
#include "weights.h"

namespace tops {

/** Seconds spent, by stage. */
struct StageTimes {
  double streams = 0;
  double gemm = 0;
  double hashing = 0;

  void add(const StageTimes& other) {
    streams += other.streams;
    gemm += other.gemm;
    hashing += other.hashing;
  }
};

/** Rows to compute leaves of: row `rows[i]` of the attempt with key `keys[i]`. */
struct RowItems {
  const uint8_t* const* keys;
  const uint32_t* rows;
  uint32_t count;
};

/** Rows worked on together: a multiple of 64, so that A, Y1 and Y2 of them fit a second-level cache. */
uint32_t rowsPerPiece(const Isa& isa, Sizes sizes);

/** One thread's hands: its working space, and what it does to rows. */
class Engine {
 public:
  explicit Engine(const Isa& isa) : isa_(isa) {}

  const Isa& isa() const { return isa_; }

  /**
   * Leaves of at most rowsPerPiece rows, 32 bytes each. Gives up early, with junk in `leaves`, once `*stop` is not 0.
   * Throws std::bad_alloc.
   */
  void computeLeaves(const Weights& weights, Sizes sizes, const RowItems& items, uint8_t* leaves,
                     const int* stop, StageTimes& times);
  /** Both layers on whatever the working space holds: the multiplications alone, for the benchmark. */
  void multiplyOnly(const Weights& weights, Sizes sizes, uint32_t rowCount, const int* stop,
                    StageTimes& times);
  /** Bytes that live until the next call of any function. Throws std::bad_alloc. */
  uint8_t* scratch(size_t byteLength);

 private:
  struct Space {
    uint8_t* left;
    size_t leftStride;
    uint8_t* y1;
    size_t y1Stride;
    uint8_t* y2;
    uint8_t* chains;
  };
  Space space(Sizes sizes, uint32_t rowCount);
  void multiply(const Weights& weights, Sizes sizes, const Space& space, uint32_t rowCount,
                const int* stop) const;

  const Isa& isa_;
  Buffer buffer_;
};

}  // namespace tops
