#include <cstring>

#include "isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace tops {
namespace {

#if defined(__x86_64__)
struct Features {
  bool avx2, avxVnni, avx512Vnni;
};

bool hasBit(uint32_t word, int bit) { return ((word >> bit) & 1) != 0; }

/** What the processor has and the operating system saves (Intel SDM, vol. 1, 14.3 and 15.2). */
Features detect() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return {};
  if (!hasBit(c, 27) || !hasBit(c, 28)) return {};  // OSXSAVE, AVX
  uint32_t saved = 0, savedHigh = 0;
  __asm__ volatile("xgetbv" : "=a"(saved), "=d"(savedHigh) : "c"(0));
  const bool savesYmm = (saved & 0x6) == 0x6;
  const bool savesZmm = (saved & 0xe6) == 0xe6;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return {};
  const uint32_t subleafMax = a;
  Features features = {};
  features.avx2 = savesYmm && hasBit(b, 5);
  // F, DQ, BW, VL, VNNI
  features.avx512Vnni = savesZmm && features.avx2 && hasBit(b, 16) && hasBit(b, 17) &&
                        hasBit(b, 30) && hasBit(b, 31) && hasBit(c, 11);
  if (subleafMax >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
    features.avxVnni = features.avx2 && hasBit(a, 4);
  }
  return features;
}
#elif defined(__aarch64__)
bool hasDotProduct() {
#if defined(__linux__)
  constexpr unsigned long kAsimdDp = 1ul << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & kAsimdDp) != 0;
#elif defined(__APPLE__)
  return true;  // every Apple processor of 64-bit Macs
#else
  return false;
#endif
}
#endif

}  // namespace

const IsaCandidate* isaCandidates() {
#if defined(__x86_64__)
  static const Features features = detect();
  static const IsaCandidate candidates[kIsaCount] = {{&kAvx512VnniIsa, features.avx512Vnni},
                                                     {&kAvxVnniIsa, features.avxVnni},
                                                     {&kAvx2Isa, features.avx2},
                                                     {&kGenericIsa, true}};
#elif defined(__aarch64__)
  static const IsaCandidate candidates[kIsaCount] = {
      {&kNeonDotIsa, hasDotProduct()}, {&kGenericIsa, true}, {nullptr, false}, {nullptr, false}};
#else
  static const IsaCandidate candidates[kIsaCount] = {
      {&kGenericIsa, true}, {nullptr, false}, {nullptr, false}, {nullptr, false}};
#endif
  return candidates;
}

const Isa* findIsa(const char* name, size_t length) {
  const IsaCandidate* candidates = isaCandidates();
  for (uint32_t i = 0; i < kIsaCount; i++) {
    const auto& [isa, isSupported] = candidates[i];
    if (!isSupported || std::strlen(isa->name) != length) continue;
    if (std::memcmp(isa->name, name, length) == 0) return isa;
  }
  return nullptr;
}

}  // namespace tops
