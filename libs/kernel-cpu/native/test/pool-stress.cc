// The pool under ThreadSanitizer or any other: jobs of every kind submitted, cancelled and closed at random moments, results
// compared with those of a quiet run. A program of its own (test/run-sanitizers.mjs).
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <random>

#include "../src/pool.h"

namespace {

using namespace tops;

constexpr Sizes kSizes = {128, 192};
constexpr uint32_t kRowCount = 448;

class Settled {
 public:
  void add(const std::shared_ptr<Job>& job, Outcome outcome) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!outcomes_.emplace(job->id, outcome).second) std::printf("settled twice: %u\n", job->id);
    wake_.notify_all();
  }
  Outcome wait(uint32_t id) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [&] { return outcomes_.count(id) > 0; });
    return outcomes_.at(id);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<uint32_t, Outcome> outcomes_;
};

int failureCount = 0;

void expect(bool isTrue, const char* what) {
  if (isTrue) return;
  std::printf("expected: %s\n", what);
  failureCount++;
}

std::shared_ptr<Weights> packed(Pool& pool, Settled& settled, uint32_t& nextId) {
  auto weights = std::make_shared<Weights>(pool.isa(), kSizes);
  const Key keys[2] = {{1}, {2}};
  const auto job = std::make_shared<PackJob>(nextId++, weights, keys);
  pool.submit(job);
  expect(settled.wait(job->id) == Outcome::kDone, "packing is done");
  return weights;
}

std::shared_ptr<Job> commitJob(const std::shared_ptr<Weights>& weights, uint32_t id) {
  return std::make_shared<CommitJob>(id, weights, kSizes, kRowCount, 64, 0, Key{3});
}

void stress(const Isa& isa, uint32_t seed) {
  std::mt19937 randomBits(seed);
  Settled settled;
  uint32_t nextId = 1;
  Pool pool(isa, 3, [&](std::shared_ptr<Job> job, Outcome outcome) { settled.add(job, outcome); });
  const auto weights = packed(pool, settled, nextId);
  const auto quiet = commitJob(weights, nextId++);
  pool.submit(quiet);
  expect(settled.wait(quiet->id) == Outcome::kDone, "a commit alone is done");

  std::vector<std::shared_ptr<Job>> jobs;
  for (int i = 0; i < 24; i++) {
    const uint32_t id = nextId++;
    std::shared_ptr<Job> job;
    if (randomBits() % 2 == 0) {
      job = commitJob(weights, id);
    } else {
      std::vector<uint32_t> rows(1 + randomBits() % 150);
      for (auto& row : rows) row = randomBits() % kRowCount;
      std::vector<uint32_t> keyOfRow(rows.size());
      job = std::make_shared<LeavesJob>(id, weights, kSizes, 64, std::vector<Key>{{3}},
                                        std::move(keyOfRow), std::move(rows));
    }
    pool.submit(job);
    jobs.push_back(job);
    if (randomBits() % 3 == 0) pool.cancel(jobs[randomBits() % jobs.size()]);
  }
  const bool isClosedEarly = seed % 2 == 1;
  if (isClosedEarly) {
    std::this_thread::sleep_for(std::chrono::microseconds(randomBits() % 3000));
    pool.close();
    return;
  }
  for (const auto& job : jobs) {
    const Outcome outcome = settled.wait(job->id);
    expect(outcome == Outcome::kDone || outcome == Outcome::kCancelled, "done or cancelled");
    if (outcome == Outcome::kDone && job->urgency == Urgency::kCommit) {
      expect(job->result == quiet->result, "a commit among others gives the same tree");
    }
  }
}

}  // namespace

int main() {
  // What is looked for is in the pool, so the fastest instruction set finds the most of it.
  const IsaCandidate* best = isaCandidates();
  while (!best->isSupported) best++;
  for (uint32_t seed = 0; seed < 40; seed++) stress(*best->isa, seed);
  std::printf("pool: %s\n", failureCount == 0 ? "ok" : "FAILED");
  return failureCount == 0 ? 0 : 1;
}
