// Recursions over registers have to be gone before the compiler decides what lives in memory.
#pragma once

#define TOPS_INLINE __attribute__((always_inline))
