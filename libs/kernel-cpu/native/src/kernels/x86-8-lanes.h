// What the two 256-bit instruction sets share: eight lanes for blake3-lanes.h, and register tiles of up to 6 × 16 sums. No
// include guard and no shared code: included inside their anonymous namespaces.

constexpr uint32_t kLanes = 8;
typedef uint32_t U __attribute__((vector_size(32)));

inline U splat(uint32_t value) { return (U)_mm256_set1_epi32(static_cast<int>(value)); }

template <int kBits>
inline U rotr(U value) {
  const __m256i v = (__m256i)value;
  if constexpr (kBits == 16) {
    return (U)_mm256_shuffle_epi8(
        v, _mm256_set_epi8(13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2,  //
                           13, 12, 15, 14, 9, 8, 11, 10, 5, 4, 7, 6, 1, 0, 3, 2));
  } else if constexpr (kBits == 8) {
    return (U)_mm256_shuffle_epi8(
        v, _mm256_set_epi8(12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1,  //
                           12, 15, 14, 13, 8, 11, 10, 9, 4, 7, 6, 5, 0, 3, 2, 1));
  } else {
    return (U)_mm256_or_si256(_mm256_srli_epi32(v, kBits), _mm256_slli_epi32(v, 32 - kBits));
  }
}

/** 8 × 8 words. */
inline void transpose(__m256i r[8]) {
  __m256i t[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x31);
  }
  for (int i = 0; i < 8; i++) r[i] = t[i];
}

inline void loadWords(const uint8_t* const* inputs, uint32_t offset, U words[16]) {
  for (int half = 0; half < 2; half++) {
    __m256i r[8];
    for (int i = 0; i < 8; i++) {
      r[i] = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(inputs[i] + offset + 32 * half));
    }
    transpose(r);
    for (int i = 0; i < 8; i++) words[8 * half + i] = (U)r[i];
  }
}

inline void storeWords(const U words[16], uint8_t* const* outs, uint8_t mask) {
  const __m256i masks = _mm256_set1_epi8(static_cast<char>(mask));
  for (int half = 0; half < 2; half++) {
    __m256i r[8];
    for (int i = 0; i < 8; i++) r[i] = (__m256i)words[8 * half + i];
    transpose(r);
    for (int i = 0; i < 8; i++) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(outs[i] + 32 * half),
                          _mm256_xor_si256(r[i], masks));
    }
  }
}

/** kRows × 16 sums: 12 of 16 registers for the full tile of 6 rows. */
template <uint32_t kRows>
struct Sums {
  Sums<kRows - 1> before;
  __m256i left, right;
};
template <>
struct Sums<0> {};

/** Three rows from each base: a base, and one and two strides past it, are all addresses an instruction can name. */
struct Rows {
  const uint8_t *base0, *base1;
  size_t stride;

  template <uint32_t kRow>
  TOPS_INLINE __m256i value() const {
    int word;
    __builtin_memcpy(&word, (kRow < 3 ? base0 : base1) + kRow % 3 * stride, 4);
    return _mm256_set1_epi32(word);
  }
  TOPS_INLINE void advance() {
    base0 += 4;
    base1 += 4;
  }
};

template <uint32_t kRows>
TOPS_INLINE inline void start(Sums<kRows>& sums, const int32_t* bias) {
  if constexpr (kRows > 0) {
    start(sums.before, bias);
    sums.left = sums.right = _mm256_setzero_si256();
    if (bias) {
      sums.left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias));
      sums.right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias + 8));
    }
  }
}

/** One step of the depth: every sum gets `dotAdd` of its row's value and its column's weights. */
template <typename Dot, uint32_t kRows>
TOPS_INLINE inline void multiplyAdd(Sums<kRows>& sums, const Rows& rows, __m256i left,
                                    __m256i right) {
  if constexpr (kRows > 0) {
    multiplyAdd<Dot>(sums.before, rows, left, right);
    const __m256i value = rows.value<kRows - 1>();
    Dot::add(sums.left, value, left);
    Dot::add(sums.right, value, right);
  }
}

/** 16 sums of each row to 16 bytes, shifted and clamped to 0…127. */
template <uint32_t kRows>
TOPS_INLINE inline void store(const Sums<kRows>& sums, __m128i shift, uint8_t* out, size_t stride) {
  if constexpr (kRows > 0) {
    store(sums.before, shift, out, stride);
    const __m256i words = _mm256_packs_epi32(_mm256_sra_epi32(sums.left, shift),
                                             _mm256_sra_epi32(sums.right, shift));
    const __m256i ordered = _mm256_permute4x64_epi64(words, 0xd8);
    const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(ordered),
                                          _mm256_extracti128_si256(ordered, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + (kRows - 1) * stride),
                     _mm_max_epi8(bytes, _mm_setzero_si128()));
  }
}

/** `Dot` says how a step multiplies: its depth, the bytes of 16 columns of weights, how to load eight, how to add. */
template <typename Dot, uint32_t kRows>
void tile(const uint8_t* left, size_t leftStride, uint32_t depth, const uint8_t* panel,
          const int32_t* bias, uint8_t* out, size_t outStride, uint32_t shift) {
  Sums<kRows> sums;
  start(sums, bias);
  Rows rows = {left, left + 3 * leftStride, leftStride};
  for (uint32_t t = 0; t < depth; t += Dot::kDepth) {
    const __m256i right = Dot::load(panel + Dot::kPanelBytes / 2);
    multiplyAdd<Dot>(sums, rows, Dot::load(panel), right);
    rows.advance();
    panel += Dot::kPanelBytes;
  }
  store(sums, _mm_cvtsi32_si128(static_cast<int>(shift)), out, outStride);
}

using Tile = void (*)(const uint8_t*, size_t, uint32_t, const uint8_t*, const int32_t*, uint8_t*,
                      size_t, uint32_t);

template <typename Dot>
void layer(const LayerArgs& args) {
  constexpr Tile kTiles[6] = {tile<Dot, 1>, tile<Dot, 2>, tile<Dot, 3>,
                              tile<Dot, 4>, tile<Dot, 5>, tile<Dot, 6>};
  runLayer(args, kTiles, 6, 16);
}

template <typename Dot, uint32_t kRows>
TOPS_INLINE inline void multiplyAddAlone(Sums<kRows>& sums, __m256i value, __m256i weights) {
  if constexpr (kRows > 0) {
    multiplyAddAlone<Dot>(sums.before, value, weights);
    // Opaque, or all of the chains would be one to the compiler.
    __asm__ volatile("" : "+x"(sums.left), "+x"(sums.right));
    Dot::add(sums.left, value, weights);
    Dot::add(sums.right, value, weights);
  }
}

template <uint32_t kRows>
TOPS_INLINE inline __m256i total(const Sums<kRows>& sums) {
  if constexpr (kRows == 0) {
    return _mm256_setzero_si256();
  } else {
    return _mm256_add_epi32(total(sums.before), _mm256_add_epi32(sums.left, sums.right));
  }
}

template <typename Dot>
uint64_t limitLoop(uint32_t rounds, uint8_t* sink) {
  Sums<6> sums;
  start(sums, nullptr);
  __m256i value = _mm256_set1_epi32(static_cast<int>(rounds));
  const __m256i weights = _mm256_set1_epi8(static_cast<char>(sink[0]));
  for (uint32_t round = 0; round < rounds; round++) {
    // Opaque, or the product would be computed once.
    __asm__ volatile("" : "+x"(value));
    multiplyAddAlone<Dot>(sums, value, weights);
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(sink), total(sums));
  return uint64_t{rounds} * 12 * 8 * Dot::kDepth * 2;
}
