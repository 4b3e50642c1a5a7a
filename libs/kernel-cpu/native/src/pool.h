#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "jobs.h"

namespace tops {

/**
 * Threads and three queues before them: leaves, then packing, then commits, each in order of arrival. A thread takes one
 * piece at a time, so urgent work waits for a piece at most.
 */
class Pool {
 public:
  /** Called from any thread, once for every submitted job that was not dropped by `close`. */
  using OnSettled = std::function<void(std::shared_ptr<Job>, Outcome)>;

  /** Throws std::system_error when a thread cannot be started. */
  Pool(const Isa& isa, uint32_t threadCount, OnSettled onSettled);
  ~Pool();

  const Isa& isa() const { return isa_; }
  /** Throws std::bad_alloc; nothing is queued then. */
  void submit(std::shared_ptr<Job> job);
  /** Settles the job as soon as no thread is in it. No effect on settled ones. */
  void cancel(const std::shared_ptr<Job>& job);
  /** Drops all jobs and joins the threads, which leave their pieces early. Idempotent. */
  void close();

 private:
  void runThread();
  std::shared_ptr<Job> nextJob();
  void stopJob(const std::shared_ptr<Job>& job);
  void run(const std::shared_ptr<Job>& job, uint32_t piece, Engine& engine);

  const Isa& isa_;
  const OnSettled onSettled_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queues_[kUrgencyCount];
  /** Jobs that threads are in. */
  std::vector<std::shared_ptr<Job>> active_;
  bool isClosing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tops
