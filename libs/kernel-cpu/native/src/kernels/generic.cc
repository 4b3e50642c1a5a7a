// Any processor the compiler knows: loops it may vectorise as it likes.
#include "../isa.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "streams and hashes are little-endian; this processor is not"
#endif

namespace tops {
namespace {

#include "four-lanes.h"

#include "blake3-lanes.h"
#include "layer.h"

using Tile = void (*)(const uint8_t*, size_t, uint32_t, const uint8_t*, const int32_t*, uint8_t*,
                      size_t, uint32_t);

void tile(const uint8_t* left, size_t, uint32_t depth, const uint8_t* panel, const int32_t*,
          uint8_t* out, size_t, uint32_t shift) {
  int32_t sums[16] = {};
  for (uint32_t t = 0; t < depth; t++) {
    const int32_t value = static_cast<int8_t>(left[t]);
    const int8_t* weights = reinterpret_cast<const int8_t*>(panel) + size_t{t} * 16;
    for (int j = 0; j < 16; j++) sums[j] += value * weights[j];
  }
  for (int j = 0; j < 16; j++) {
    const int32_t shifted = sums[j] >> shift;
    out[j] = static_cast<uint8_t>(shifted < 0 ? 0 : shifted > 127 ? 127 : shifted);
  }
}

constexpr Tile kTiles[1] = {tile};

void layer(const LayerArgs& args) { runLayer(args, kTiles, 1, 16); }

uint64_t limitLoop(uint32_t rounds, uint8_t* sink) {
  int32_t sums[16] = {};
  int32_t value = sink[0];
  for (uint32_t round = 0; round < rounds; round++) {
    __asm__ volatile("" : "+r"(value));
    for (int j = 0; j < 16; j++) sums[j] += value * static_cast<int8_t>(j);
  }
  __builtin_memcpy(sink, sums, sizeof sums);
  return uint64_t{rounds} * 32;
}

}  // namespace

const Isa kGenericIsa = {"generic", 16,    {1, 1}, 1,        0,         streamRows,
                         nullptr,   layer, layer,  hashRows, foldNodes, limitLoop};

}  // namespace tops
