// The N-API face of the kernel: what `require` gives.
#include <napi.h>

#include "arguments.h"
#include "isa.h"
#include "native-kernel.h"

namespace tops {
namespace {

/** Raised with every change of what JavaScript sees: an older addon is not used by newer code, nor the other way round. */
constexpr uint32_t kInterfaceVersion = 2;
constexpr uint32_t kLimitRoundsMax = 1 << 28;

/** Names of the instruction sets this machine has, best first. */
Napi::Value listIsas(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (uint32_t i = 0; i < kIsaCount; i++) {
    const auto& [isa, isSupported] = isaCandidates()[i];
    if (isSupported) names.Set(names.Length(), Napi::String::New(info.Env(), isa->name));
  }
  return names;
}

/** (isa, rounds) → ops done by register-only multiply-adds on the calling thread. */
Napi::Value runLimitLoop(const Napi::CallbackInfo& info) {
  const std::string name = requireString(info, 0, "isa");
  const Isa* isa = findIsa(name.data(), name.size());
  if (!isa) throwCoded(info.Env(), "addon_unavailable", "isa: this machine does not have it");
  const uint32_t rounds = requireInteger(info, 1, "rounds", 1, kLimitRoundsMax);
  alignas(64) uint8_t sink[64] = {1};
  return Napi::Number::New(info.Env(), static_cast<double>(isa->limitLoop(rounds, sink)));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("interfaceVersion", Napi::Number::New(env, kInterfaceVersion));
  exports.Set("NativeKernel", NativeKernel::define(env));
  exports.Set("listIsas", Napi::Function::New<listIsas>(env, "listIsas"));
  exports.Set("runLimitLoop", Napi::Function::New<runLimitLoop>(env, "runLimitLoop"));
  return exports;
}

}  // namespace

NODE_API_MODULE(kernel_cpu, initialise)

}  // namespace tops
