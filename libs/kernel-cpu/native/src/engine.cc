#include "engine.h"

#include <chrono>

namespace tops {
namespace {

using Clock = std::chrono::steady_clock;

double secondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/** The smallest e with 4^e >= x (docs/protocol.md, Work). */
uint32_t halfBits(uint32_t x) {
  uint32_t exponent = 0;
  while ((uint64_t{1} << (2 * exponent)) < x) exponent++;
  return exponent;
}

/** Rows a power of two apart would share few sets of the first-level cache; one line more spreads them. */
constexpr size_t kRowPaddingBytes = 64;
/** A, Y1 and Y2 of one piece. */
constexpr size_t kPieceBytes = 1216 << 10;
constexpr uint32_t kRowsMax = 192;

size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

uint32_t rowsPerPiece(const Isa& isa, Sizes sizes) {
  const size_t rowBytes = size_t{sizes.k} * isa.leftBytes + 2 * size_t{sizes.n};
  const size_t rows = kPieceBytes / rowBytes / 64 * 64;
  return rows < 64 ? 64 : rows > kRowsMax ? kRowsMax : static_cast<uint32_t>(rows);
}

uint8_t* Engine::scratch(size_t byteLength) {
  buffer_.growTo(byteLength);
  return buffer_.data();
}

Engine::Space Engine::space(Sizes sizes, uint32_t rowCount) {
  const size_t leftStride = size_t{sizes.k} * isa_.leftBytes + kRowPaddingBytes;
  const size_t y1Stride = size_t{sizes.n} + kRowPaddingBytes;
  const size_t leftBytes = align64(rowCount * leftStride + kOverrunBytes);
  const size_t y1Bytes = align64(rowCount * y1Stride + kOverrunBytes);
  const size_t y2Bytes = align64(size_t{rowCount} * sizes.n + kOverrunBytes);
  const size_t chainBytes = size_t{rowCount} * (sizes.n / 1024 + 1) * kHashBytes + kOverrunBytes;
  uint8_t* base = scratch(leftBytes + y1Bytes + y2Bytes + chainBytes);
  return {base,     leftStride, base + leftBytes,
          y1Stride, base + leftBytes + y1Bytes, base + leftBytes + y1Bytes + y2Bytes};
}

void Engine::multiply(const Weights& weights, Sizes sizes, const Space& space, uint32_t rowCount,
                      const int* stop) const {
  const auto [n, k] = sizes;
  isa_.layer1({space.left, space.leftStride, rowCount, k, weights.layer1(),
               weights.panelStride(1), weights.layer1Bias(k), n, space.y1, space.y1Stride,
               7 + halfBits(k), stop});
  isa_.layer2({space.y1, space.y1Stride, rowCount, n, weights.layer2(), weights.panelStride(2),
               nullptr, n, space.y2, n, 6 + halfBits(n), stop});
}

void Engine::computeLeaves(const Weights& weights, Sizes sizes, const RowItems& items,
                           uint8_t* leaves, const int* stop, StageTimes& times) {
  const auto start = Clock::now();
  const Space space = this->space(sizes, items.count);
  // What is to be widened is generated in the second half of its place.
  const uint32_t offset = isa_.widenRow ? sizes.k : 0;
  isa_.streamRows({items.keys, items.rows, items.count, sizes.k, space.left + offset,
                   space.leftStride, isa_.leftMask});
  if (isa_.widenRow) {
    for (uint32_t i = 0; i < items.count; i++) {
      isa_.widenRow(space.left + i * space.leftStride, sizes.k);
    }
  }
  const auto streamed = Clock::now();
  multiply(weights, sizes, space, items.count, stop);
  const auto multiplied = Clock::now();
  isa_.hashRows(
      {items.keys, space.y2, sizes.n, items.count, sizes.n, leaves, space.chains});
  times.streams += secondsBetween(start, streamed);
  times.gemm += secondsBetween(streamed, multiplied);
  times.hashing += secondsBetween(multiplied, Clock::now());
}

void Engine::multiplyOnly(const Weights& weights, Sizes sizes, uint32_t rowCount, const int* stop,
                          StageTimes& times) {
  const auto start = Clock::now();
  multiply(weights, sizes, space(sizes, rowCount), rowCount, stop);
  times.gemm += secondsBetween(start, Clock::now());
}

}  // namespace tops
