#include "pool.h"

#include <algorithm>

namespace tops {

Pool::Pool(const Isa& isa, uint32_t threadCount, OnSettled onSettled)
    : isa_(isa), onSettled_(std::move(onSettled)) {
  // A thread holds at most one job, so this never has to grow.
  active_.reserve(threadCount);
  threads_.reserve(threadCount);
  try {
    for (uint32_t i = 0; i < threadCount; i++) threads_.emplace_back([this] { runThread(); });
  } catch (...) {
    close();
    throw;
  }
}

Pool::~Pool() { close(); }

void Pool::submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queues_[static_cast<int>(job->urgency)].push_back(std::move(job));
  }
  wake_.notify_all();
}

void Pool::cancel(const std::shared_ptr<Job>& job) {
  bool isSettled = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (job->stop.load() != 0) return;
    auto& queue = queues_[static_cast<int>(job->urgency)];
    const bool isQueued = std::find(queue.begin(), queue.end(), job) != queue.end();
    if (!isQueued && job->activeCount == 0) return;
    stopJob(job);
    isSettled = job->activeCount == 0;
  }
  if (isSettled) onSettled_(job, Outcome::kCancelled);
}

void Pool::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    isClosing_ = true;
    for (auto& queue : queues_) {
      for (const auto& job : queue) job->stop.store(1);
      queue.clear();
    }
    for (const auto& job : active_) job->stop.store(1);
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Pool::stopJob(const std::shared_ptr<Job>& job) {
  job->stop.store(1);
  auto& queue = queues_[static_cast<int>(job->urgency)];
  queue.erase(std::remove(queue.begin(), queue.end(), job), queue.end());
}

/** The first job with a piece left; it stays in its queue while it has more. */
std::shared_ptr<Job> Pool::nextJob() {
  for (const auto& queue : queues_) {
    if (!queue.empty()) return queue.front();
  }
  return nullptr;
}

void Pool::runThread() {
  Engine engine(isa_);
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    std::shared_ptr<Job> job;
    wake_.wait(lock, [&] {
      job = nextJob();
      return isClosing_ || job;
    });
    if (isClosing_) return;
    const uint32_t piece = job->nextPiece++;
    if (job->nextPiece == job->pieceCount) queues_[static_cast<int>(job->urgency)].pop_front();
    job->activeCount++;
    active_.push_back(job);
    lock.unlock();
    run(job, piece, engine);
    lock.lock();
  }
}

void Pool::run(const std::shared_ptr<Job>& job, uint32_t piece, Engine& engine) {
  StageTimes times;
  bool isOutOfMemory = false;
  bool isLast = false;
  const auto attempt = [&](auto&& work) {
    try {
      work();
    } catch (const std::bad_alloc&) {
      isOutOfMemory = true;
    }
  };
  attempt([&] { job->runPiece(piece, engine, times); });
  if (!isOutOfMemory) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      isLast = ++job->doneCount == job->pieceCount && job->stop.load() == 0;
    }
    if (isLast) attempt([&] { job->finish(engine, times); });
  }

  bool isSettled = false;
  Outcome outcome = Outcome::kDone;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    job->times.add(times);
    active_.erase(std::find(active_.begin(), active_.end(), job));
    job->activeCount--;
    if (isOutOfMemory && job->stop.load() == 0) {
      job->isOutOfMemory = true;
      stopJob(job);
    }
    // The thread that ran the last piece need not be the last to leave.
    if (isLast && !isOutOfMemory) job->isFinished = true;
    const bool isStopped = job->stop.load() != 0;
    isSettled = !isClosing_ && job->activeCount == 0 && (isStopped || job->isFinished);
    if (isStopped) outcome = job->isOutOfMemory ? Outcome::kOutOfMemory : Outcome::kCancelled;
  }
  if (isSettled) onSettled_(job, outcome);
}

}  // namespace tops
