#include "jobs.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace tops {
namespace {

/** Levels inside one piece: 2^6 = 64 rows are its unit. */
constexpr uint32_t kPieceLevels = 6;

uint32_t piecesOf(uint64_t rowCount, uint32_t rowsPerPiece) {
  return static_cast<uint32_t>((rowCount + rowsPerPiece - 1) / rowsPerPiece);
}

class HashingTimer {
 public:
  explicit HashingTimer(StageTimes& times) : times_(times) {}
  ~HashingTimer() {
    times_.hashing +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  StageTimes& times_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

PackJob::PackJob(uint32_t id, std::shared_ptr<Weights> weights, const Key (&keys)[2])
    : Job(id, Urgency::kPack, weights->packBlockCount()),
      weights_(std::move(weights)),
      keys_{keys[0], keys[1]} {}

void PackJob::runPiece(uint32_t piece, Engine& engine, StageTimes& times) {
  (void)times;
  const size_t bytes = size_t{kPackRows} * weights_->sizes().n + kOverrunBytes;
  const uint8_t* const keys[2] = {keys_[0].data(), keys_[1].data()};
  weights_->packBlock(piece, keys, engine.scratch(bytes));
}

void PackJob::finish(Engine&, StageTimes&) { weights_->finish(); }

LeavesJob::LeavesJob(uint32_t id, std::shared_ptr<const Weights> weights, Sizes sizes,
                     uint32_t rowsPerPiece, std::vector<Key> keys, std::vector<uint32_t> keyOfRow,
                     std::vector<uint32_t> rows)
    : Job(id, Urgency::kLeaves, piecesOf(rows.size(), rowsPerPiece)),
      weights_(std::move(weights)),
      sizes_(sizes),
      rowsPerPiece_(rowsPerPiece),
      keys_(std::move(keys)),
      keyOfRow_(std::move(keyOfRow)),
      rows_(std::move(rows)) {
  result.resize(rows_.size() * kHashBytes);
}

void LeavesJob::runPiece(uint32_t piece, Engine& engine, StageTimes& times) {
  const size_t first = size_t{piece} * rowsPerPiece_;
  const size_t count = std::min<size_t>(rowsPerPiece_, rows_.size() - first);
  std::vector<const uint8_t*> keys(count);
  for (size_t i = 0; i < count; i++) keys[i] = keys_[keyOfRow_[first + i]].data();
  const RowItems items = {keys.data(), rows_.data() + first, static_cast<uint32_t>(count)};
  engine.computeLeaves(*weights_, sizes_, items, result.data() + first * kHashBytes, stopFlag(),
                       times);
}

CommitJob::CommitJob(uint32_t id, std::shared_ptr<const Weights> weights, Sizes sizes,
                     uint32_t rowCount, uint32_t rowsPerPiece, uint32_t baseLevel, const Key& key)
    : Job(id, Urgency::kCommit, piecesOf(rowCount, rowsPerPiece)),
      weights_(std::move(weights)),
      sizes_(sizes),
      rowCount_(rowCount),
      rowsPerPiece_(rowsPerPiece),
      baseLevel_(baseLevel),
      key_(key) {
  size_t offset = 0;
  uint32_t height = 0;
  for (uint64_t count = rowCount;; count = (count + 1) / 2, height++) {
    if (height >= baseLevel) {
      levels_.push_back({count, offset});
      offset += count * kHashBytes;
    }
    if (count == 1) break;
  }
  result.resize(offset);
}

uint64_t CommitJob::treeBytes(uint32_t rowCount, uint32_t baseLevel) {
  uint64_t bytes = 0;
  uint32_t height = 0;
  for (uint64_t count = rowCount;; count = (count + 1) / 2, height++) {
    if (height >= baseLevel) bytes += count * kHashBytes;
    if (count == 1) return bytes;
  }
}

void CommitJob::runPiece(uint32_t piece, Engine& engine, StageTimes& times) {
  const uint32_t first = piece * rowsPerPiece_;
  uint32_t count = std::min(rowsPerPiece_, rowCount_ - first);
  const std::vector<const uint8_t*> keys(count, key_.data());
  std::vector<uint32_t> rows(count);
  for (uint32_t i = 0; i < count; i++) rows[i] = first + i;
  // Levels one after the other: nodes are folded from here to the next place.
  std::vector<uint8_t> hashes(size_t{count} * 2 * kHashBytes);
  uint8_t* nodes = hashes.data();
  engine.computeLeaves(*weights_, sizes_, {keys.data(), rows.data(), count}, nodes, stopFlag(),
                       times);
  const HashingTimer timer(times);
  for (uint32_t height = 0;; height++) {
    if (height >= baseLevel_) {
      const size_t at = levels_[height - baseLevel_].offset + (size_t{first} >> height) * kHashBytes;
      std::memcpy(result.data() + at, nodes, size_t{count} * kHashBytes);
    }
    if (height == kPieceLevels) break;
    uint8_t* parents = nodes + size_t{count} * kHashBytes;
    count /= 2;
    engine.isa().foldNodes(nodes, count, parents);
    nodes = parents;
  }
}

void CommitJob::finish(Engine& engine, StageTimes& times) {
  const HashingTimer timer(times);
  for (size_t i = kPieceLevels - baseLevel_; i + 1 < levels_.size(); i++) {
    const uint8_t* children = result.data() + levels_[i].offset;
    uint8_t* parents = result.data() + levels_[i + 1].offset;
    const uint64_t pairCount = levels_[i].nodeCount / 2;
    engine.isa().foldNodes(children, static_cast<uint32_t>(pairCount), parents);
    if (levels_[i].nodeCount % 2 == 1) {
      std::memcpy(parents + pairCount * kHashBytes, children + pairCount * 2 * kHashBytes,
                  kHashBytes);
    }
  }
}

}  // namespace tops
