// AVX-512 with VNNI: vpdpbusd multiplies u8 by s8 and adds fours of products to int32 without saturation (Intel SDM, vol. 2,
// VPDPBUSD), exact for every operand. Layer 1's left operand is int8 and goes in with zero point 128.
#include <immintrin.h>

#include "../isa.h"
#include "inline.h"

namespace tops {
namespace {

constexpr uint32_t kLanes = 16;
typedef uint32_t U __attribute__((vector_size(64)));

inline U splat(uint32_t value) { return (U)_mm512_set1_epi32(static_cast<int>(value)); }

template <int kBits>
inline U rotr(U value) {
  return (U)_mm512_ror_epi32((__m512i)value, kBits);
}

/** 16 × 16 words; fours of rows meet within 128-bit lanes first, then the lanes change places. */
inline void transpose(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int c = 0; c < 4; c++) {
    const __m512i evenLow = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88);
    const __m512i oddLow = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
    const __m512i evenHigh = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
    const __m512i oddHigh = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);
    t[c] = _mm512_shuffle_i32x4(evenLow, evenHigh, 0x88);
    t[4 + c] = _mm512_shuffle_i32x4(oddLow, oddHigh, 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(evenLow, evenHigh, 0xdd);
    t[12 + c] = _mm512_shuffle_i32x4(oddLow, oddHigh, 0xdd);
  }
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

inline void loadWords(const uint8_t* const* inputs, uint32_t offset, U words[16]) {
  __m512i r[16];
  for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(inputs[i] + offset);
  transpose(r);
  for (int i = 0; i < 16; i++) words[i] = (U)r[i];
}

inline void storeWords(const U words[16], uint8_t* const* outs, uint8_t mask) {
  __m512i r[16];
  for (int i = 0; i < 16; i++) r[i] = (__m512i)words[i];
  transpose(r);
  const __m512i masks = _mm512_set1_epi8(static_cast<char>(mask));
  for (int i = 0; i < 16; i++) _mm512_storeu_si512(outs[i], _mm512_xor_si512(r[i], masks));
}

#include "blake3-lanes.h"
#include "layer.h"

using Tile = void (*)(const uint8_t*, size_t, uint32_t, const uint8_t*, const int32_t*, uint8_t*,
                      size_t, uint32_t);

inline __m512i broadcast(const uint8_t* four) {
  int word;
  __builtin_memcpy(&word, four, 4);
  return _mm512_set1_epi32(word);
}

/**
 * sum += u8 · s8. Assembly and not _mm512_dpbusd_epi32: GCC 12 does not see that the sum stays in its register, and copies
 * and spills all 24 of them in every step.
 */
TOPS_INLINE inline void dotAdd(__m512i& sum, __m512i unsignedBytes, __m512i signedBytes) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(unsignedBytes), "v"(signedBytes));
}

inline void storeColumns(__m512i sum, __m128i shift, uint8_t* out) {
  const __m512i floored = _mm512_max_epi32(_mm512_sra_epi32(sum, shift), _mm512_setzero_si512());
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtsepi32_epi8(floored));
}

/** kRows × 32 sums in 2 · kRows registers: 24 of 32 for the full tile of 12 rows. */
template <uint32_t kRows>
struct Sums {
  Sums<kRows - 1> before;
  __m512i left, right;
};
template <>
struct Sums<0> {};

/** Three rows from each base: a base, and one and two strides past it, are all addresses an instruction can name. */
struct Rows {
  const uint8_t *base0, *base1, *base2, *base3;
  size_t stride;

  template <uint32_t kRow>
  TOPS_INLINE __m512i value() const {
    const uint8_t* base = kRow < 3 ? base0 : kRow < 6 ? base1 : kRow < 9 ? base2 : base3;
    return broadcast(base + kRow % 3 * stride);
  }
  TOPS_INLINE void advance() {
    base0 += 4;
    base1 += 4;
    base2 += 4;
    base3 += 4;
  }
};

template <uint32_t kRows>
TOPS_INLINE inline void start(Sums<kRows>& sums, __m512i left, __m512i right) {
  if constexpr (kRows > 0) {
    start(sums.before, left, right);
    sums.left = left;
    sums.right = right;
  }
}

template <uint32_t kRows>
TOPS_INLINE inline void multiplyAdd(Sums<kRows>& sums, const Rows& rows, __m512i left,
                                    __m512i right) {
  if constexpr (kRows > 0) {
    multiplyAdd(sums.before, rows, left, right);
    const __m512i value = rows.value<kRows - 1>();
    dotAdd(sums.left, value, left);
    dotAdd(sums.right, value, right);
  }
}

template <uint32_t kRows>
TOPS_INLINE inline void store(const Sums<kRows>& sums, __m128i shift, uint8_t* out, size_t stride) {
  if constexpr (kRows > 0) {
    store(sums.before, shift, out, stride);
    storeColumns(sums.left, shift, out + (kRows - 1) * stride);
    storeColumns(sums.right, shift, out + (kRows - 1) * stride + 16);
  }
}

template <uint32_t kRows>
void tile(const uint8_t* left, size_t leftStride, uint32_t depth, const uint8_t* panel,
          const int32_t* bias, uint8_t* out, size_t outStride, uint32_t shift) {
  Sums<kRows> sums;
  start(sums, bias ? _mm512_loadu_si512(bias) : _mm512_setzero_si512(),
        bias ? _mm512_loadu_si512(bias + 16) : _mm512_setzero_si512());
  Rows rows = {left, left + 3 * leftStride, left + 6 * leftStride, left + 9 * leftStride,
               leftStride};
  for (uint32_t t = 0; t < depth; t += 4) {
    multiplyAdd(sums, rows, _mm512_load_si512(panel), _mm512_load_si512(panel + 64));
    rows.advance();
    panel += 128;
  }
  store(sums, _mm_cvtsi32_si128(static_cast<int>(shift)), out, outStride);
}

constexpr Tile kTiles[12] = {tile<1>, tile<2>, tile<3>, tile<4>,  tile<5>,  tile<6>,
                             tile<7>, tile<8>, tile<9>, tile<10>, tile<11>, tile<12>};

void layer(const LayerArgs& args) { runLayer(args, kTiles, 12, 32); }

template <uint32_t kRows>
TOPS_INLINE inline void multiplyAdd(Sums<kRows>& sums, __m512i value, __m512i weights) {
  if constexpr (kRows > 0) {
    multiplyAdd(sums.before, value, weights);
    // Volatile, or all of the chains would be one to the compiler.
    __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sums.left) : "v"(value), "v"(weights));
    __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sums.right) : "v"(value), "v"(weights));
  }
}

template <uint32_t kRows>
TOPS_INLINE inline __m512i total(const Sums<kRows>& sums) {
  if constexpr (kRows == 0) {
    return _mm512_setzero_si512();
  } else {
    return _mm512_add_epi32(total(sums.before), _mm512_add_epi32(sums.left, sums.right));
  }
}

uint64_t limitLoop(uint32_t rounds, uint8_t* sink) {
  Sums<12> sums;
  start(sums, _mm512_setzero_si512(), _mm512_setzero_si512());
  const __m512i value = _mm512_set1_epi32(static_cast<int>(rounds));
  const __m512i weights = _mm512_set1_epi8(static_cast<char>(sink[0]));
  for (uint32_t round = 0; round < rounds; round++) multiplyAdd(sums, value, weights);
  _mm512_storeu_si512(sink, total(sums));
  return uint64_t{rounds} * 24 * 128;
}

}  // namespace

const Isa kAvx512VnniIsa = {"avx512-vnni", 32,    {4, 4}, 1,        0x80,      streamRows,
                            nullptr,       layer, layer,  hashRows, foldNodes, limitLoop};

}  // namespace tops
