#include "native-kernel.h"

#include <algorithm>
#include <functional>
#include <system_error>

#include "arguments.h"
#include "fold.h"

namespace tops {
namespace {

/** Rows and keys of one job of leaves. */
constexpr size_t kJobRowsMax = 1 << 20;
/** Rows of one opening, folded on the caller's thread; none of them has more siblings than the tallest tree has levels. */
constexpr size_t kFoldRowsMax = 4096;
constexpr size_t kFoldLevelsMax = 24;

}  // namespace

Napi::Function NativeKernel::define(Napi::Env env) {
  return DefineClass(env, "NativeKernel",
                     {InstanceAccessor<&NativeKernel::isaName>("isa"),
                      InstanceMethod<&NativeKernel::createWeights>("createWeights"),
                      InstanceMethod<&NativeKernel::freeWeights>("freeWeights"),
                      InstanceMethod<&NativeKernel::weightsBytes>("weightsBytes"),
                      InstanceMethod<&NativeKernel::rowsPerPieceOf>("rowsPerPiece"),
                      InstanceMethod<&NativeKernel::submitPack>("submitPack"),
                      InstanceMethod<&NativeKernel::submitLeaves>("submitLeaves"),
                      InstanceMethod<&NativeKernel::submitCommit>("submitCommit"),
                      InstanceMethod<&NativeKernel::submitMultiply>("submitMultiply"),
                      InstanceMethod<&NativeKernel::foldOpening>("foldOpening"),
                      InstanceMethod<&NativeKernel::cancel>("cancel"),
                      InstanceMethod<&NativeKernel::takeResult>("takeResult"),
                      InstanceMethod<&NativeKernel::close>("close")});
}

NativeKernel::NativeKernel(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeKernel>(info) {
  const Napi::Env env = info.Env();
  const uint32_t threadCount = requireInteger(info, 0, "threadCount", 1, kThreadCountMax);
  const std::string name = requireString(info, 1, "isa");
  const Napi::Value callback = info[2];
  if (!callback.IsFunction()) throwType(env, "onSettled: expected a function");
  isa_ = name.empty() ? bestIsa() : findIsa(name.data(), name.size());
  if (!isa_) throwCoded(env, "addon_unavailable", "isa: this machine does not have " + name);
  recipient_ = new Recipient{this};
  deliveries_ = Deliveries::New(env, callback.As<Napi::Function>(), "tops kernel", 0, 1,
                                recipient_, [](Napi::Env, void*, Recipient* own) { delete own; });
  // Only pending jobs keep the process alive.
  deliveries_.Unref(env);
  try {
    pool_ = std::make_unique<Pool>(*isa_, threadCount, [this](auto job, Outcome outcome) {
      static_cast<Delivery*>(job->tag)->outcome = outcome;
      deliveries_.NonBlockingCall(reinterpret_cast<Ticket*>(uintptr_t{job->id}));
    });
  } catch (const std::system_error& error) {
    recipient_->kernel = nullptr;
    deliveries_.Release();
    throwCoded(env, "thread_failed", error.what());
  }
  // Hooks run last in, first out: the threads are gone before what they call is.
  napi_add_env_cleanup_hook(env, onEnvironmentExit, this);
}

NativeKernel::~NativeKernel() { shutDown(); }

void NativeKernel::onDelivery(Napi::Env env, Napi::Function callback, uint32_t id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  const std::unique_ptr<Delivery> own = std::move(found->second);
  jobs_.erase(found);
  if (jobs_.empty()) deliveries_.Unref(env);
  settled_ = own.get();
  const auto& times = own->job->times;
  const char* outcome = own->outcome == Outcome::kDone          ? "done"
                        : own->outcome == Outcome::kOutOfMemory ? "out_of_memory"
                                                                : "cancelled";
  const auto number = [&](double value) { return Napi::Number::New(env, value); };
  try {
    callback.Call({number(own->job->id), Napi::String::New(env, outcome),
                   number(times.streams * 1e3), number(times.gemm * 1e3),
                   number(times.hashing * 1e3)});
  } catch (const Napi::Error&) {
    settled_ = nullptr;
    throw;
  }
  settled_ = nullptr;
}

const Isa* NativeKernel::bestIsa() {
  const IsaCandidate* candidates = isaCandidates();
  for (uint32_t i = 0; i < kIsaCount; i++) {
    if (candidates[i].isSupported) return candidates[i].isa;
  }
  return nullptr;
}

void NativeKernel::onEnvironmentExit(void* kernel) { static_cast<NativeKernel*>(kernel)->joinThreads(); }

void NativeKernel::joinThreads() {
  pool_->close();
  pool_.reset();
  recipient_->kernel = nullptr;
  recipient_ = nullptr;
}

void NativeKernel::shutDown() {
  if (!pool_) return;
  napi_remove_env_cleanup_hook(Env(), onEnvironmentExit, this);
  joinThreads();
  deliveries_.Release();
  jobs_.clear();
  weights_.clear();
}

void NativeKernel::requireOpen(const Napi::CallbackInfo& info) const {
  if (!pool_) throwCoded(info.Env(), "closed", "the kernel is closed");
}

std::shared_ptr<Weights> NativeKernel::requireWeights(const Napi::CallbackInfo& info) const {
  const uint32_t id = requireInteger(info, 0, "weights", 1, UINT32_MAX);
  const auto found = weights_.find(id);
  if (found == weights_.end()) throwRange(info.Env(), "weights: no such id");
  return found->second;
}

Sizes NativeKernel::requireSizes(const Napi::CallbackInfo& info, size_t index, const Weights& weights) {
  const Sizes sizes = {requireSize(info, index, "n", true),
                       requireSize(info, index + 1, "k", false)};
  if (sizes.n > weights.sizes().n || sizes.k > weights.sizes().k) {
    throwRange(info.Env(), "weights: too small for n and k");
  }
  return sizes;
}

template <typename Make>
Napi::Value NativeKernel::submit(const Napi::CallbackInfo& info, Make&& make) {
  const Napi::Env env = info.Env();
  const uint32_t id = nextId_++;
  try {
    auto delivery = std::make_unique<Delivery>();
    std::shared_ptr<Job> job = make(id);
    delivery->job = job;
    job->tag = delivery.get();
    jobs_[id] = std::move(delivery);
    if (jobs_.size() == 1) deliveries_.Ref(env);
    pool_->submit(job);
  } catch (const std::bad_alloc&) {
    jobs_.erase(id);
    if (jobs_.empty()) deliveries_.Unref(env);
    throwCoded(env, "out_of_memory", "cannot allocate the job");
  }
  return Napi::Number::New(env, id);
}

Napi::Value NativeKernel::isaName(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), isa_->name);
}

Napi::Value NativeKernel::weightsBytes(const Napi::CallbackInfo& info) {
  const Sizes sizes = {requireSize(info, 0, "n", true), requireSize(info, 1, "k", false)};
  return Napi::Number::New(info.Env(),
                           static_cast<double>(Weights::byteLength(*isa_, sizes)));
}

Napi::Value NativeKernel::rowsPerPieceOf(const Napi::CallbackInfo& info) {
  const Sizes sizes = {requireSize(info, 0, "n", true), requireSize(info, 1, "k", false)};
  return Napi::Number::New(info.Env(), rowsPerPiece(*isa_, sizes));
}

Napi::Value NativeKernel::createWeights(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const Sizes sizes = {requireSize(info, 0, "n", true), requireSize(info, 1, "k", false)};
  const uint32_t id = nextId_++;
  try {
    weights_[id] = std::make_shared<Weights>(*isa_, sizes);
  } catch (const std::bad_alloc&) {
    weights_.erase(id);
    throwCoded(info.Env(), "out_of_memory", "cannot allocate the weights");
  }
  return Napi::Number::New(info.Env(), id);
}

void NativeKernel::freeWeights(const Napi::CallbackInfo& info) {
  weights_.erase(requireInteger(info, 0, "weights", 1, UINT32_MAX));
}

Napi::Value NativeKernel::submitPack(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const auto weights = requireWeights(info);
  const auto keys = requireKeys(info, 1, 2);
  if (keys.size() != 2) throwRange(info.Env(), "keys: expected those of both layers");
  return submit(info, [&](uint32_t id) {
    return std::make_shared<PackJob>(id, weights, Key2{keys[0], keys[1]}.keys);
  });
}

Napi::Value NativeKernel::submitLeaves(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const auto weights = requireWeights(info);
  const Sizes sizes = requireSizes(info, 1, *weights);
  try {
    auto keys = requireKeys(info, 3, kJobRowsMax);
    auto rows = requireWords(info, 5, "rows", 0, kJobRowsMax, kRowCountMax);
    auto keyOfRow = requireWords(info, 4, "keyOfRow", rows.size(), 0,
                                 static_cast<uint32_t>(keys.size()));
    return submit(info, [&](uint32_t id) {
      return std::make_shared<LeavesJob>(id, weights, sizes, rowsPerPiece(*isa_, sizes),
                                         std::move(keys), std::move(keyOfRow), std::move(rows));
    });
  } catch (const std::bad_alloc&) {
    throwCoded(info.Env(), "out_of_memory", "cannot allocate the rows");
  }
}

Napi::Value NativeKernel::submitCommit(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const auto weights = requireWeights(info);
  const Sizes sizes = requireSizes(info, 1, *weights);
  const uint32_t rowCount = requireRowCount(info, 3);
  const auto keys = requireKeys(info, 4, 1);
  const uint32_t baseLevel = requireInteger(info, 5, "baseLevel", 0, 6);
  return submit(info, [&](uint32_t id) {
    return std::make_shared<CommitJob>(id, weights, sizes, rowCount, rowsPerPiece(*isa_, sizes),
                                       baseLevel, keys[0]);
  });
}

Napi::Value NativeKernel::submitMultiply(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const auto weights = requireWeights(info);
  const Sizes sizes = requireSizes(info, 1, *weights);
  const uint32_t pieceCount = requireInteger(info, 3, "pieceCount", 1, kRowCountMax / 64);
  return submit(info, [&](uint32_t id) {
    return std::make_shared<MultiplyJob>(id, weights, sizes, rowsPerPiece(*isa_, sizes),
                                         pieceCount);
  });
}

Napi::Value NativeKernel::foldOpening(const Napi::CallbackInfo& info) {
  requireOpen(info);
  const Napi::Env env = info.Env();
  const uint32_t rowCount = requireRowCount(info, 0);
  try {
    const auto rows = requireWords(info, 1, "rows", 0, kFoldRowsMax, rowCount);
    if (std::adjacent_find(rows.begin(), rows.end(), std::greater_equal<>()) != rows.end()) {
      throwRange(env, "rows: expected strictly ascending integers");
    }
    const Bytes leaves = requireBytes(info, 2, "leaves");
    const Bytes siblings = requireBytes(info, 3, "siblings");
    const Bytes root = requireBytes(info, 4, "root");
    if (root.length != kHashBytes) throwRange(env, "root: expected room for 32 bytes");
    if (leaves.length != rows.size() * kHashBytes || siblings.length % kHashBytes != 0 ||
        siblings.length / kHashBytes > kFoldRowsMax * kFoldLevelsMax) {
      return Napi::Boolean::New(env, false);
    }
    const Multiproof proof = {rowCount, rows, leaves.data, siblings.data,
                              static_cast<uint32_t>(siblings.length / kHashBytes)};
    return Napi::Boolean::New(env, foldMultiproof(*isa_, proof, root.data));
  } catch (const std::bad_alloc&) {
    throwCoded(env, "out_of_memory", "cannot allocate the nodes");
  }
}

void NativeKernel::cancel(const Napi::CallbackInfo& info) {
  const uint32_t id = requireInteger(info, 0, "job", 1, UINT32_MAX);
  const auto found = jobs_.find(id);
  if (pool_ && found != jobs_.end()) pool_->cancel(found->second->job);
}

void NativeKernel::takeResult(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!settled_ || settled_->outcome != Outcome::kDone) {
    throwCoded(env, "no_result", "no job has just been done");
  }
  const Bytes out = requireBytes(info, 0, "out");
  const auto& result = settled_->job->result;
  if (out.length != result.size()) {
    throwRange(env, "out: expected " + std::to_string(result.size()) + " bytes, got " +
                        std::to_string(out.length));
  }
  if (!result.empty()) std::copy(result.begin(), result.end(), out.data);
}

void NativeKernel::close(const Napi::CallbackInfo&) { shutDown(); }

void deliver(Napi::Env env, Napi::Function callback, Recipient* recipient, Ticket* ticket) {
  // Without an environment nobody is left to hear of it.
  if (env == nullptr || callback == nullptr || recipient->kernel == nullptr) return;
  const auto id = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(ticket));
  try {
    recipient->kernel->onDelivery(env, callback, id);
  } catch (const Napi::Error& error) {
    // An uncaught exception like any other; in a thread that is being terminated there is nothing to be done.
    napi_fatal_exception(env, error.Value());
  }
}

}  // namespace tops
