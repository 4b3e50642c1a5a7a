#include "arguments.h"

#include <cmath>
#include <cstring>

namespace tops {
namespace {

/** Doubles such as 2^53 and NaN are no surprise: conversions to integers come after the range check. */
std::string shown(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string text = std::to_string(value);
  const size_t dot = text.find_last_not_of('0');
  if (text.find('.') != std::string::npos) text.erase(text[dot] == '.' ? dot : dot + 1);
  return text;
}

/** The typed array at `index`; null bytes behind a positive length do not exist, so a detached one has length 0. */
Napi::TypedArray requireTypedArray(const Napi::CallbackInfo& info, size_t index, const char* name,
                                   napi_typedarray_type type, const char* expected) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray()) {
    throwType(info.Env(), std::string(name) + ": expected a " + expected);
  }
  const Napi::TypedArray array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != type) {
    throwType(info.Env(), std::string(name) + ": expected a " + expected);
  }
  return array;
}

}  // namespace

void throwRange(Napi::Env env, const std::string& message) {
  throw Napi::RangeError::New(env, message);
}

void throwType(Napi::Env env, const std::string& message) {
  throw Napi::TypeError::New(env, message);
}

void throwCoded(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

uint32_t requireInteger(const Napi::CallbackInfo& info, size_t index, const char* name,
                        uint32_t min, uint32_t max) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) throwType(info.Env(), std::string(name) + ": expected a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= min && number <= max) || number != std::floor(number)) {
    throwRange(info.Env(), std::string(name) + ": expected an integer from " +
                               std::to_string(min) + " to " + std::to_string(max) + ", got " +
                               shown(number));
  }
  return static_cast<uint32_t>(number);
}

uint32_t requireSize(const Napi::CallbackInfo& info, size_t index, const char* name, bool isWidth) {
  const uint32_t size = requireInteger(info, index, name, 64, kSizeMax);
  const bool isPowerOfTwo = (size & (size - 1)) == 0;
  if (size % 64 != 0 || (isWidth && size > 1024 && !isPowerOfTwo)) {
    throwRange(info.Env(), std::string(name) + ": expected a size that the protocol allows, got " +
                               std::to_string(size));
  }
  return size;
}

uint32_t requireRowCount(const Napi::CallbackInfo& info, size_t index) {
  const uint32_t rowCount = requireInteger(info, index, "m", 64, kRowCountMax);
  if (rowCount % 64 != 0) {
    throwRange(info.Env(), "m: expected a multiple of 64, got " + std::to_string(rowCount));
  }
  return rowCount;
}

std::string requireString(const Napi::CallbackInfo& info, size_t index, const char* name) {
  const Napi::Value value = info[index];
  if (!value.IsString()) throwType(info.Env(), std::string(name) + ": expected a string");
  return value.As<Napi::String>().Utf8Value();
}

Bytes requireBytes(const Napi::CallbackInfo& info, size_t index, const char* name) {
  const auto array = requireTypedArray(info, index, name, napi_uint8_array, "Uint8Array");
  return {array.As<Napi::Uint8Array>().Data(), array.ByteLength()};
}

std::vector<Key> requireKeys(const Napi::CallbackInfo& info, size_t index, size_t countMax) {
  const auto [data, byteLength] = requireBytes(info, index, "keys");
  if (byteLength == 0 || byteLength % kKeyBytes != 0 || byteLength / kKeyBytes > countMax) {
    throwRange(info.Env(), "keys: expected 32 bytes for each of 1 to " + std::to_string(countMax) +
                               " keys, got " + std::to_string(byteLength));
  }
  std::vector<Key> keys(byteLength / kKeyBytes);
  std::memcpy(keys.data(), data, byteLength);
  return keys;
}

std::vector<uint32_t> requireWords(const Napi::CallbackInfo& info, size_t index, const char* name,
                                   size_t count, size_t countMax, uint32_t limit) {
  const auto array = requireTypedArray(info, index, name, napi_uint32_array, "Uint32Array");
  const size_t length = array.ElementLength();
  if (count > 0 ? length != count : length == 0 || length > countMax) {
    throwRange(info.Env(), std::string(name) + ": expected " +
                               (count > 0 ? std::to_string(count)
                                          : "1 to " + std::to_string(countMax)) +
                               " entries, got " + std::to_string(length));
  }
  const uint32_t* values = array.As<Napi::Uint32Array>().Data();
  std::vector<uint32_t> words(values, values + length);
  for (const uint32_t word : words) {
    if (word >= limit) {
      throwRange(info.Env(), std::string(name) + ": expected integers below " +
                                 std::to_string(limit) + ", got " + std::to_string(word));
    }
  }
  return words;
}

}  // namespace tops
