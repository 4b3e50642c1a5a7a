// Every instruction set of this machine against the generic one, function by function, on random operands and on the
// extremes. A program of its own: it runs under an emulator too (npx nx native-self-test kernel-cpu).
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "../src/buffer.h"
#include "../src/isa.h"
#include "../src/weights.h"

namespace {

using namespace tops;

std::mt19937_64 randomBits(20260101);
int failureCount = 0;

void expectEqual(const Isa& isa, const char* what, const std::vector<uint8_t>& got,
                 const std::vector<uint8_t>& expected) {
  if (got == expected) return;
  size_t at = 0;
  while (got[at] == expected[at]) at++;
  std::printf("%s: %s differs at byte %zu: expected %u, got %u\n", isa.name, what, at, expected[at],
              got[at]);
  failureCount++;
}

Buffer copyOf(const std::vector<uint8_t>& bytes) {
  Buffer buffer(bytes.size() + kOverrunBytes);
  std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return buffer;
}

std::vector<uint8_t> randomBytes(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(randomBits());
  return bytes;
}

struct Keys {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<const uint8_t*> pointers;
  /** `period` rows in a row have the same key. */
  Keys(uint32_t count, uint32_t period) {
    for (uint32_t i = 0; i <= count / period; i++) bytes.push_back(randomBytes(kKeyBytes));
    for (uint32_t i = 0; i < count; i++) pointers.push_back(bytes[i / period].data());
  }
};

std::vector<uint8_t> streams(const Isa& isa, const Keys& keys, const std::vector<uint32_t>& rows,
                             uint32_t rowBytes, uint8_t mask) {
  const uint32_t count = static_cast<uint32_t>(rows.size());
  std::vector<uint8_t> out(size_t{count} * rowBytes);
  isa.streamRows({keys.pointers.data(), rows.data(), count, rowBytes, out.data(), rowBytes, mask});
  return out;
}

std::vector<uint8_t> hashes(const Isa& isa, const Keys& keys, const std::vector<uint8_t>& rows,
                            uint32_t count, uint32_t rowBytes) {
  std::vector<uint8_t> out(size_t{count} * kHashBytes);
  std::vector<uint8_t> scratch(size_t{count} * (rowBytes / 1024 + 1) * kHashBytes);
  isa.hashRows(
      {keys.pointers.data(), rows.data(), rowBytes, count, rowBytes, out.data(), scratch.data()});
  return out;
}

/** One layer with weights of the caller's, packed as the instruction set wants them. */
std::vector<uint8_t> layer(const Isa& isa, int which, const std::vector<uint8_t>& left,
                           const std::vector<uint8_t>& weights, uint32_t rows, uint32_t depth,
                           uint32_t columns, uint32_t shift) {
  const uint32_t group = isa.depthGroup[which - 1], panel = isa.panelColumns;
  std::vector<uint8_t> packed(size_t{depth} * columns);
  std::vector<int32_t> bias(columns);
  for (uint32_t t = 0; t < depth; t++) {
    for (uint32_t j = 0; j < columns; j++) {
      const uint8_t weight = weights[size_t{t} * columns + j];
      packed[size_t{j / panel} * panel * depth + (t / group * panel + j % panel) * group +
             t % group] = weight;
      bias[j] -= 128 * static_cast<int8_t>(weight);
    }
  }
  const uint32_t leftBytes = which == 1 ? isa.leftBytes : 1;
  const size_t stride = size_t{depth} * leftBytes + 64;
  std::vector<uint8_t> rowsLeft(rows * stride);
  for (uint32_t i = 0; i < rows; i++) {
    uint8_t* row = rowsLeft.data() + i * stride + (leftBytes - 1) * depth;
    const uint8_t mask = which == 1 ? isa.leftMask : 0;
    for (uint32_t t = 0; t < depth; t++) row[t] = left[size_t{i} * depth + t] ^ mask;
    if (leftBytes == 2) isa.widenRow(rowsLeft.data() + i * stride, depth);
  }
  const Buffer leftCopy = copyOf(rowsLeft), packedCopy = copyOf(packed);
  std::vector<uint8_t> out(size_t{rows} * columns);
  const int stop = 0;
  const bool isBiased = which == 1 && isa.leftMask != 0;
  (which == 1 ? isa.layer1 : isa.layer2)(
      {leftCopy.data(), stride, rows, depth, packedCopy.data(), size_t{panel} * depth,
       isBiased ? bias.data() : nullptr, columns, out.data(), columns, shift, &stop});
  return out;
}

void compare(const Isa& isa) {
  const Isa& plain = kGenericIsa;
  for (const uint32_t count : {1u, 3u, 4u, 7u, 16u, 17u, 33u, 64u}) {
    std::vector<uint32_t> rows(count);
    for (auto& row : rows) row = static_cast<uint32_t>(randomBits()) & 0xffffff;
    for (const uint32_t period : {1u, 5u, 64u}) {
      const Keys keys(count, period);
      for (const uint32_t bytes : {64u, 128u, 960u, 1024u, 1088u, 2048u}) {
        expectEqual(isa, "streamRows", streams(isa, keys, rows, bytes, 0x80),
                    streams(plain, keys, rows, bytes, 0x80));
      }
      for (const uint32_t bytes : {64u, 192u, 1024u, 2048u, 8192u}) {
        const auto input = randomBytes(size_t{count} * bytes);
        expectEqual(isa, "hashRows", hashes(isa, keys, input, count, bytes),
                    hashes(plain, keys, input, count, bytes));
      }
    }
    const auto children = randomBytes(size_t{count} * 64);
    std::vector<uint8_t> got(size_t{count} * 32), expected(got.size());
    isa.foldNodes(children.data(), count, got.data());
    plain.foldNodes(children.data(), count, expected.data());
    expectEqual(isa, "foldNodes", got, expected);
  }
  for (int which = 1; which <= 2; which++) {
    for (uint32_t rows = 1; rows <= 26; rows++) {
      for (const uint32_t depth : {64u, 192u, 1024u}) {
        const uint32_t columns = 64 * (1 + rows % 3);
        for (int kind = 0; kind < 4; kind++) {
          auto left = randomBytes(size_t{rows} * depth);
          auto weights = randomBytes(size_t{depth} * columns);
          if (kind == 1) std::fill(weights.begin(), weights.end(), 0x80);
          if (kind == 2) std::fill(weights.begin(), weights.end(), 0x7f);
          if (kind > 0) {
            // Extremes only, of both signs.
            for (auto& value : left) value = (value & 1) != 0 ? 0x80 : 0x7f;
          }
          if (kind == 3) std::fill(left.begin(), left.end(), 0x80);
          if (which == 2) {
            for (auto& value : left) value &= 0x7f;
          }
          for (const uint32_t shift : {0u, 7u, 14u}) {
            expectEqual(isa, which == 1 ? "layer1" : "layer2",
                        layer(isa, which, left, weights, rows, depth, columns, shift),
                        layer(plain, which, left, weights, rows, depth, columns, shift));
          }
        }
      }
    }
  }
}

}  // namespace

int main() {
  for (uint32_t i = 0; i < kIsaCount; i++) {
    const auto& [isa, isSupported] = isaCandidates()[i];
    if (!isSupported) continue;
    const int before = failureCount;
    compare(*isa);
    std::printf("%s: %s\n", isa->name, failureCount == before ? "ok" : "FAILED");
  }
  return failureCount == 0 ? 0 : 1;
}
