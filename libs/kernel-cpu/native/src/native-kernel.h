// The kernel as JavaScript has it. One NativeKernel has one pool of threads; JavaScript submits jobs and hears of each one's
// end once, by a callback on its own event loop. Memory that threads work on never belongs to JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

#include "jobs.h"
#include "pool.h"

namespace tops {

class NativeKernel;

/** A submitted job and what became of it; made with the job, so that its end needs no memory. */
struct Delivery {
  std::shared_ptr<Job> job;
  Outcome outcome = Outcome::kCancelled;
};

/** What deliveries find their kernel by: it outlives the kernel, which may be closed or collected before they arrive. */
struct Recipient {
  NativeKernel* kernel;
};

/** A job's number, in the shape of a pointer: what it would point at may be gone. */
struct Ticket;

void deliver(Napi::Env env, Napi::Function callback, Recipient* recipient, Ticket* ticket);
using Deliveries = Napi::TypedThreadSafeFunction<Recipient, Ticket, deliver>;

class NativeKernel : public Napi::ObjectWrap<NativeKernel> {
 public:
  static Napi::Function define(Napi::Env env);

  /** (threadCount, isa or '' for the best, onSettled) */
  explicit NativeKernel(const Napi::CallbackInfo& info);

  ~NativeKernel() override;

  /** Called on the event loop's thread with the delivery of one settled job. */
  void onDelivery(Napi::Env env, Napi::Function callback, uint32_t id);

 private:
  static const Isa* bestIsa();

  static void onEnvironmentExit(void* kernel);

  /** Leaves the thread-safe function to the environment, which is about to end it, and it the recipient. */
  void joinThreads();

  void shutDown();

  void requireOpen(const Napi::CallbackInfo& info) const;

  std::shared_ptr<Weights> requireWeights(const Napi::CallbackInfo& info) const;

  /** (…, n, k) from `index`, covered by the weights. */
  static Sizes requireSizes(const Napi::CallbackInfo& info, size_t index, const Weights& weights);

  /** `make` gets the job's id. */
  template <typename Make>
  Napi::Value submit(const Napi::CallbackInfo& info, Make&& make);

  Napi::Value isaName(const Napi::CallbackInfo& info);

  /** (n, k) → bytes of packed weights. */
  Napi::Value weightsBytes(const Napi::CallbackInfo& info);

  /** (n, k) → rows that threads take at a time. */
  Napi::Value rowsPerPieceOf(const Napi::CallbackInfo& info);

  /** (n, k) → id; to be filled by submitPack. */
  Napi::Value createWeights(const Napi::CallbackInfo& info);

  /** (weights): jobs that use them keep them until they are over. */
  void freeWeights(const Napi::CallbackInfo& info);

  /** (weights, keys of both layers) → job */
  Napi::Value submitPack(const Napi::CallbackInfo& info);

  /** (weights, n, k, keys, keyOfRow, rows) → job; its result is 32 bytes a row. */
  Napi::Value submitLeaves(const Napi::CallbackInfo& info);

  /** (weights, n, k, m, key, baseLevel) → job; its result is the tree from that level up. */
  Napi::Value submitCommit(const Napi::CallbackInfo& info);

  /** (weights, n, k, pieceCount) → job without a result: only its time is of interest. */
  Napi::Value submitMultiply(const Napi::CallbackInfo& info);

  /** (m, rows, leaves, siblings, root) → whether the lengths are right; at once, on the caller's thread. */
  Napi::Value foldOpening(const Napi::CallbackInfo& info);

  /** (job): it still settles, once no thread is in it. Unknown ones are settled ones. */
  void cancel(const Napi::CallbackInfo& info);

  /** (Uint8Array of just the right length): only inside of onSettled, for the job it is about. */
  void takeResult(const Napi::CallbackInfo& info);

  /** Joins the threads; nothing is delivered any more. Idempotent. */
  void close(const Napi::CallbackInfo&);

  struct Key2 {
    Key keys[2];
  };

  const Isa* isa_ = nullptr;
  Deliveries deliveries_;
  Recipient* recipient_ = nullptr;
  std::unique_ptr<Pool> pool_;
  /** Weights and jobs share the numbers: one cannot be taken for the other. */
  uint32_t nextId_ = 1;
  std::unordered_map<uint32_t, std::shared_ptr<Weights>> weights_;
  std::unordered_map<uint32_t, std::unique_ptr<Delivery>> jobs_;
  Delivery* settled_ = nullptr;
};

}  // namespace tops
