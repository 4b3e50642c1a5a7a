// AVX-VNNI: vpdpbusd on 256 bits, for processors without AVX-512 (Alder Lake and later). As avx512-vnni.cc otherwise.
#include <immintrin.h>

#include "../isa.h"
#include "inline.h"

namespace tops {
namespace {

#include "layer.h"
#include "x86-8-lanes.h"

#include "blake3-lanes.h"

struct Dot {
  static constexpr uint32_t kDepth = 4, kPanelBytes = 64;

  TOPS_INLINE static __m256i load(const uint8_t* weights) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
  }
  /** Assembly for the reason avx512-vnni.cc gives. */
  TOPS_INLINE static void add(__m256i& sum, __m256i unsignedBytes, __m256i signedBytes) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(unsignedBytes), "x"(signedBytes));
  }
};

}  // namespace

const Isa kAvxVnniIsa = {"avx-vnni", 16,       {4, 4},     1,        0x80,      streamRows,
                         nullptr,    layer<Dot>, layer<Dot>, hashRows, foldNodes, limitLoop<Dot>};

}  // namespace tops
