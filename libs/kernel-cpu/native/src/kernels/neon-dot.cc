// NEON with the dot product extension (Armv8.2 FEAT_DotProd): sdot multiplies s8 by s8 exactly, so no operand is biased.
#include <arm_neon.h>

#include "../isa.h"
#include "inline.h"

namespace tops {
namespace {

#include "four-lanes.h"

#include "blake3-lanes.h"
#include "layer.h"

using Tile = void (*)(const uint8_t*, size_t, uint32_t, const uint8_t*, const int32_t*, uint8_t*,
                      size_t, uint32_t);

/** kRows × 16 sums: 16 of 32 registers for the full tile of 4 rows. */
template <uint32_t kRows>
struct Sums {
  Sums<kRows - 1> before;
  int32x4_t columns0, columns1, columns2, columns3;
  /** Sixteen values of the row. */
  int8x16_t values;
};
template <>
struct Sums<0> {};

template <uint32_t kRows>
TOPS_INLINE inline void start(Sums<kRows>& sums) {
  if constexpr (kRows > 0) {
    start(sums.before);
    sums.columns0 = sums.columns1 = sums.columns2 = sums.columns3 = vdupq_n_s32(0);
    sums.values = vdupq_n_s8(0);
  }
}

template <uint32_t kRows>
TOPS_INLINE inline void loadValues(Sums<kRows>& sums, const uint8_t* left, size_t stride) {
  if constexpr (kRows > 0) {
    loadValues(sums.before, left, stride);
    sums.values = vreinterpretq_s8_u8(vld1q_u8(left + (kRows - 1) * stride));
  }
}

struct Weights {
  int8x16_t columns0, columns1, columns2, columns3;
};

/** Four depths of every row against 16 columns: lane kLane of the values. */
template <int kLane, uint32_t kRows>
TOPS_INLINE inline void multiplyAdd(Sums<kRows>& sums, const Weights& weights) {
  if constexpr (kRows > 0) {
    multiplyAdd<kLane>(sums.before, weights);
    sums.columns0 = vdotq_laneq_s32(sums.columns0, weights.columns0, sums.values, kLane);
    sums.columns1 = vdotq_laneq_s32(sums.columns1, weights.columns1, sums.values, kLane);
    sums.columns2 = vdotq_laneq_s32(sums.columns2, weights.columns2, sums.values, kLane);
    sums.columns3 = vdotq_laneq_s32(sums.columns3, weights.columns3, sums.values, kLane);
  }
}

template <int kLane, uint32_t kRows>
TOPS_INLINE inline void step(Sums<kRows>& sums, const int8_t* panel) {
  panel += kLane * 64;
  multiplyAdd<kLane>(sums, {vld1q_s8(panel), vld1q_s8(panel + 16), vld1q_s8(panel + 32),
                            vld1q_s8(panel + 48)});
}

template <uint32_t kRows>
TOPS_INLINE inline void store(const Sums<kRows>& sums, int32x4_t shift, uint8_t* out,
                              size_t stride) {
  if constexpr (kRows > 0) {
    store(sums.before, shift, out, stride);
    const int16x4_t words0 = vqmovn_s32(vshlq_s32(sums.columns0, shift));
    const int16x4_t words1 = vqmovn_s32(vshlq_s32(sums.columns1, shift));
    const int16x4_t words2 = vqmovn_s32(vshlq_s32(sums.columns2, shift));
    const int16x4_t words3 = vqmovn_s32(vshlq_s32(sums.columns3, shift));
    const int8x8_t low = vqmovn_s16(vcombine_s16(words0, words1));
    const int8x8_t high = vqmovn_s16(vcombine_s16(words2, words3));
    const int8x16_t bytes = vmaxq_s8(vcombine_s8(low, high), vdupq_n_s8(0));
    vst1q_u8(out + (kRows - 1) * stride, vreinterpretq_u8_s8(bytes));
  }
}

template <uint32_t kRows>
void tile(const uint8_t* left, size_t leftStride, uint32_t depth, const uint8_t* panel,
          const int32_t*, uint8_t* out, size_t outStride, uint32_t shift) {
  Sums<kRows> sums;
  start(sums);
  const int8_t* weights = reinterpret_cast<const int8_t*>(panel);
  for (uint32_t t = 0; t < depth; t += 16) {
    loadValues(sums, left + t, leftStride);
    step<0>(sums, weights);
    step<1>(sums, weights);
    step<2>(sums, weights);
    step<3>(sums, weights);
    weights += 256;
  }
  store(sums, vdupq_n_s32(-static_cast<int32_t>(shift)), out, outStride);
}

constexpr Tile kTiles[4] = {tile<1>, tile<2>, tile<3>, tile<4>};

void layer(const LayerArgs& args) { runLayer(args, kTiles, 4, 16); }

uint64_t limitLoop(uint32_t rounds, uint8_t* sink) {
  Sums<4> sums;
  start(sums);
  int8x16_t weights = vdupq_n_s8(static_cast<int8_t>(sink[0]));
  for (uint32_t round = 0; round < rounds; round++) {
    // Opaque, or the product would be computed once.
    __asm__ volatile("" : "+w"(weights));
    multiplyAdd<0>(sums, {weights, weights, weights, weights});
  }
  int32x4_t total = vaddq_s32(sums.columns0, sums.columns1);
  total = vaddq_s32(total, sums.before.columns0);
  total = vaddq_s32(total, sums.before.before.columns0);
  total = vaddq_s32(total, sums.before.before.before.columns3);
  vst1q_u8(sink, vreinterpretq_u8_s32(total));
  return uint64_t{rounds} * 16 * 32;
}

}  // namespace

const Isa kNeonDotIsa = {"neon-dot", 16,    {4, 4}, 1,        0,         streamRows,
                         nullptr,    layer, layer,  hashRows, foldNodes, limitLoop};

}  // namespace tops
