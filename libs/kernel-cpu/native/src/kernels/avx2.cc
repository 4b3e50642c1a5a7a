// AVX2 has no exact u8 × s8 dot product: vpmaddubsw saturates its int16 sums of two. Layer 1 therefore multiplies int16
// (vpmaddwd); layer 2 may use vpmaddubsw, since its left operand is 0…127 and 2 · 127 · 128 fits int16.
#include <immintrin.h>

#include "../isa.h"
#include "inline.h"

namespace tops {
namespace {

#include "layer.h"
#include "x86-8-lanes.h"

#include "blake3-lanes.h"

void widenRow(uint8_t* row, uint32_t count) {
  // Reads run ahead of writes: value i lies at count + i and goes to 2 · i, and i < count.
  for (uint32_t i = 0; i < count; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + count + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + 2 * i), _mm256_cvtepi8_epi16(bytes));
  }
}

/** int16 × int16: any operands. */
struct DotInt16 {
  static constexpr uint32_t kDepth = 2, kPanelBytes = 32;

  TOPS_INLINE static __m256i load(const uint8_t* weights) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(weights)));
  }
  TOPS_INLINE static void add(__m256i& sum, __m256i values, __m256i weights) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(values, weights));
  }
};

/** 0…127 × int8. */
struct DotUint7 {
  static constexpr uint32_t kDepth = 4, kPanelBytes = 64;

  TOPS_INLINE static __m256i load(const uint8_t* weights) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
  }
  TOPS_INLINE static void add(__m256i& sum, __m256i values, __m256i weights) {
    const __m256i pairs = _mm256_maddubs_epi16(values, weights);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace

const Isa kAvx2Isa = {"avx2",    16,
                      {2, 4},    2,
                      0,         streamRows,
                      widenRow,  layer<DotInt16>,
                      layer<DotUint7>, hashRows,
                      foldNodes, limitLoop<DotUint7>};

}  // namespace tops
