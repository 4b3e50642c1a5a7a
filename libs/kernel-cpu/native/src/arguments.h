// What JavaScript passes, checked: the last gate before memory is touched. Every function throws a JavaScript error.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jobs.h"

namespace tops {

/** An integer from `min` to `max`. */
uint32_t requireInteger(const Napi::CallbackInfo& info, size_t index, const char* name,
                        uint32_t min, uint32_t max);
/** A size that the protocol allows for n (`isWidth`) or k. */
uint32_t requireSize(const Napi::CallbackInfo& info, size_t index, const char* name, bool isWidth);
uint32_t requireRowCount(const Napi::CallbackInfo& info, size_t index);
std::string requireString(const Napi::CallbackInfo& info, size_t index, const char* name);
/** The memory of a Uint8Array, JavaScript's own: not past the end of the call. `data` may be null where `length` is 0. */
struct Bytes {
  uint8_t* data;
  size_t length;
};
Bytes requireBytes(const Napi::CallbackInfo& info, size_t index, const char* name);
/** One or more keys of 32 bytes, copied out of a Uint8Array. */
std::vector<Key> requireKeys(const Napi::CallbackInfo& info, size_t index, size_t countMax);
/** Values of a Uint32Array, copied; `count` 0 takes any number from 1 to `countMax`. All of them below `limit`. */
std::vector<uint32_t> requireWords(const Napi::CallbackInfo& info, size_t index, const char* name,
                                   size_t count, size_t countMax, uint32_t limit);

[[noreturn]] void throwRange(Napi::Env env, const std::string& message);
[[noreturn]] void throwType(Napi::Env env, const std::string& message);
/** An Error with a `code` that the JavaScript side turns into a KernelError. */
[[noreturn]] void throwCoded(Napi::Env env, const char* code, const std::string& message);

constexpr uint32_t kSizeMax = 16384;
constexpr uint32_t kRowCountMax = 1u << 24;
constexpr uint32_t kThreadCountMax = 1024;

}  // namespace tops
