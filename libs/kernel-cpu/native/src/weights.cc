#include "weights.h"

#include <algorithm>

namespace tops {

namespace {

/** kPackRows rows to `packed`: for every panel, groups of `depthGroup` rows, the group of one column side by side. */
void packRows(const uint8_t* rows, uint32_t columnCount, uint32_t panelColumns, uint32_t depthGroup,
              uint8_t* packed, size_t panelStride) {
  for (uint32_t column = 0; column < columnCount; column += panelColumns) {
    uint8_t* out = packed + column / panelColumns * panelStride;
    for (uint32_t row = 0; row < kPackRows; row += depthGroup) {
      for (uint32_t c = 0; c < panelColumns; c++) {
        for (uint32_t i = 0; i < depthGroup; i++) {
          *out++ = rows[size_t{row + i} * columnCount + column + c];
        }
      }
    }
  }
}

}  // namespace

Weights::Weights(const Isa& isa, Sizes sizes)
    : isa_(isa),
      sizes_(sizes),
      layer2Offset_(size_t{sizes.k} * sizes.n),
      packed_(layer2Offset_ + size_t{sizes.n} * sizes.n),
      sums_(isa.leftMask != 0 ? size_t{sizes.k} / kPackRows * sizes.n * sizeof(int32_t) : 0) {}

uint64_t Weights::byteLength(const Isa& isa, Sizes sizes) {
  const uint64_t n = sizes.n, k = sizes.k;
  return k * n + n * n + (isa.leftMask != 0 ? k / kPackRows * n * sizeof(int32_t) : 0);
}

size_t Weights::panelStride(int layer) const {
  return size_t{layer == 1 ? sizes_.k : sizes_.n} * isa_.panelColumns;
}

void Weights::packBlock(uint32_t block, const uint8_t* const layerKeys[2], uint8_t* scratch) {
  const uint32_t layer1Blocks = sizes_.k / kPackRows;
  const int layer = block < layer1Blocks ? 1 : 2;
  const uint32_t firstRow = (layer == 1 ? block : block - layer1Blocks) * kPackRows;
  const uint8_t* keys[kPackRows];
  uint32_t rows[kPackRows];
  for (uint32_t i = 0; i < kPackRows; i++) {
    keys[i] = layerKeys[layer - 1];
    rows[i] = firstRow + i;
  }
  isa_.streamRows({keys, rows, kPackRows, sizes_.n, scratch, sizes_.n, 0});
  uint8_t* base = packed_.data() + (layer == 1 ? 0 : layer2Offset_);
  packRows(scratch, sizes_.n, isa_.panelColumns, isa_.depthGroup[layer - 1],
           base + size_t{firstRow} * isa_.panelColumns, panelStride(layer));
  if (layer == 1 && sums_.size() > 0) addSums(block, scratch);
}

void Weights::addSums(uint32_t block, const uint8_t* rows) {
  int32_t* sums = reinterpret_cast<int32_t*>(sums_.data()) + size_t{block} * sizes_.n;
  std::fill_n(sums, sizes_.n, 0);
  for (uint32_t row = 0; row < kPackRows; row++) {
    const int8_t* values = reinterpret_cast<const int8_t*>(rows) + size_t{row} * sizes_.n;
    for (uint32_t j = 0; j < sizes_.n; j++) sums[j] += values[j];
  }
}

void Weights::finish() {
  if (sums_.size() == 0) return;
  int32_t* sums = reinterpret_cast<int32_t*>(sums_.data());
  const uint32_t blockCount = sizes_.k / kPackRows;
  // At most 128 · 128 · 16384 = 2^28 in size.
  for (uint32_t j = 0; j < sizes_.n; j++) sums[j] *= -128;
  for (uint32_t block = 1; block < blockCount; block++) {
    const int32_t* before = sums + size_t{block - 1} * sizes_.n;
    int32_t* row = sums + size_t{block} * sizes_.n;
    for (uint32_t j = 0; j < sizes_.n; j++) row[j] = row[j] * -128 + before[j];
  }
}

const int32_t* Weights::layer1Bias(uint32_t k) const {
  if (sums_.size() == 0) return nullptr;
  return reinterpret_cast<const int32_t*>(sums_.data()) + size_t{k / kPackRows - 1} * sizes_.n;
}

}  // namespace tops
