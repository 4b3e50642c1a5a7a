// Four lanes in the compiler's own vectors for blake3-lanes.h: SSE2, NEON, or plain words where there is neither.

constexpr uint32_t kLanes = 4;
typedef uint32_t U __attribute__((vector_size(16)));

inline U splat(uint32_t value) { return U{value, value, value, value}; }

template <int kBits>
inline U rotr(U value) {
  return (value >> kBits) | (value << (32 - kBits));
}

inline void loadWords(const uint8_t* const* inputs, uint32_t offset, U words[16]) {
  uint32_t lanes[4][16];
  for (int lane = 0; lane < 4; lane++) __builtin_memcpy(lanes[lane], inputs[lane] + offset, 64);
  for (int i = 0; i < 16; i++) words[i] = U{lanes[0][i], lanes[1][i], lanes[2][i], lanes[3][i]};
}

inline void storeWords(const U words[16], uint8_t* const* outs, uint8_t mask) {
  const U masks = splat(mask * 0x01010101u);
  for (int lane = 0; lane < 4; lane++) {
    uint32_t bytes[16];
    for (int i = 0; i < 16; i++) bytes[i] = (words[i] ^ masks)[lane];
    __builtin_memcpy(outs[lane], bytes, sizeof bytes);
  }
}
