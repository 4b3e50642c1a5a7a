#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tops {

/** Aligned bytes, uninitialised. Large ones ask for huge pages: panels are read in long runs. */
class Buffer {
 public:
  Buffer() = default;
  /** Throws std::bad_alloc. */
  explicit Buffer(size_t byteLength) : byteLength_(byteLength) {
    if (byteLength == 0) return;
    constexpr size_t kHugePageBytes = size_t{1} << 21;
    const size_t alignment = byteLength >= kHugePageBytes ? kHugePageBytes : 64;
    const size_t rounded = (byteLength + alignment - 1) / alignment * alignment;
    if (rounded < byteLength) throw std::bad_alloc();
    bytes_ = static_cast<uint8_t*>(std::aligned_alloc(alignment, rounded));
    if (!bytes_) throw std::bad_alloc();
#if defined(__linux__)
    if (alignment == kHugePageBytes) madvise(bytes_, rounded, MADV_HUGEPAGE);
#endif
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(bytes_); }

  uint8_t* data() const { return bytes_; }
  size_t size() const { return byteLength_; }

  /** Contents are lost when it grows. */
  void growTo(size_t byteLength) {
    if (byteLength <= byteLength_) return;
    *this = Buffer();
    *this = Buffer(byteLength);
  }

 private:
  void swap(Buffer& other) {
    std::swap(bytes_, other.bytes_);
    std::swap(byteLength_, other.byteLength_);
  }
  uint8_t* bytes_ = nullptr;
  size_t byteLength_ = 0;
};

}  // namespace tops
