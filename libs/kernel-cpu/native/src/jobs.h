#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine.h"
#include "weights.h"

namespace tops {

using Key = std::array<uint8_t, kKeyBytes>;

enum class Urgency : int { kLeaves = 0, kPack = 1, kCommit = 2 };
constexpr int kUrgencyCount = 3;

enum class Outcome { kDone, kCancelled, kOutOfMemory };

/** Work in pieces that any threads take. What the pool writes is guarded by its mutex. */
class Job {
 public:
  Job(uint32_t id, Urgency urgency, uint32_t pieceCount)
      : id(id), urgency(urgency), pieceCount(pieceCount) {}
  virtual ~Job() = default;
  /** Throws std::bad_alloc. */
  virtual void runPiece(uint32_t piece, Engine& engine, StageTimes& times) = 0;
  /** On one thread, after the last piece. */
  virtual void finish(Engine&, StageTimes&) {}

  const uint32_t id;
  const Urgency urgency;
  const uint32_t pieceCount;
  /** What the job has to say, whole once it is done. */
  std::vector<uint8_t> result;

  /** Not 0: leave what you can. Read by threads at work, hence atomic. */
  std::atomic<int> stop{0};
  // The rest belongs to the pool.
  uint32_t nextPiece = 0;
  uint32_t doneCount = 0;
  uint32_t activeCount = 0;
  bool isOutOfMemory = false;
  bool isFinished = false;
  StageTimes times;
  /** Whatever the pool's owner wants to find again. */
  void* tag = nullptr;

 protected:
  const int* stopFlag() const {
    static_assert(sizeof(std::atomic<int>) == sizeof(int), "an atomic int is an int");
    return reinterpret_cast<const int*>(&stop);
  }
};

class PackJob : public Job {
 public:
  PackJob(uint32_t id, std::shared_ptr<Weights> weights, const Key (&keys)[2]);
  void runPiece(uint32_t piece, Engine& engine, StageTimes& times) override;
  void finish(Engine& engine, StageTimes& times) override;

 private:
  std::shared_ptr<Weights> weights_;
  Key keys_[2];
};

/** Leaves of any rows of any attempts that share their sizes. */
class LeavesJob : public Job {
 public:
  /** Throws std::bad_alloc. `keyOfRow` has an index of `keys` for every row. */
  LeavesJob(uint32_t id, std::shared_ptr<const Weights> weights, Sizes sizes, uint32_t rowsPerPiece,
            std::vector<Key> keys, std::vector<uint32_t> keyOfRow, std::vector<uint32_t> rows);
  void runPiece(uint32_t piece, Engine& engine, StageTimes& times) override;

 private:
  std::shared_ptr<const Weights> weights_;
  Sizes sizes_;
  uint32_t rowsPerPiece_;
  std::vector<Key> keys_;
  std::vector<uint32_t> keyOfRow_;
  std::vector<uint32_t> rows_;
};

/** All rows of an attempt; the result is its tree from level `baseLevel` up, lowest level first. */
class CommitJob : public Job {
 public:
  /** Throws std::bad_alloc. `baseLevel` is at most 6. */
  CommitJob(uint32_t id, std::shared_ptr<const Weights> weights, Sizes sizes, uint32_t rowCount,
            uint32_t rowsPerPiece, uint32_t baseLevel, const Key& key);
  void runPiece(uint32_t piece, Engine& engine, StageTimes& times) override;
  void finish(Engine& engine, StageTimes& times) override;
  static uint64_t treeBytes(uint32_t rowCount, uint32_t baseLevel);

 private:
  struct Level {
    uint64_t nodeCount;
    size_t offset;
  };
  std::shared_ptr<const Weights> weights_;
  Sizes sizes_;
  uint32_t rowCount_;
  uint32_t rowsPerPiece_;
  uint32_t baseLevel_;
  Key key_;
  std::vector<Level> levels_;
};

/** The multiplications alone. */
class MultiplyJob : public Job {
 public:
  MultiplyJob(uint32_t id, std::shared_ptr<const Weights> weights, Sizes sizes,
              uint32_t rowsPerPiece, uint32_t pieceCount)
      : Job(id, Urgency::kCommit, pieceCount),
        weights_(std::move(weights)),
        sizes_(sizes),
        rowsPerPiece_(rowsPerPiece) {}
  void runPiece(uint32_t, Engine& engine, StageTimes& times) override {
    engine.multiplyOnly(*weights_, sizes_, rowsPerPiece_, stopFlag(), times);
  }

 private:
  std::shared_ptr<const Weights> weights_;
  Sizes sizes_;
  uint32_t rowsPerPiece_;
};

}  // namespace tops
