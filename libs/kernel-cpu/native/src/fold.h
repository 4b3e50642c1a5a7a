#pragma once

#include <cstdint>
#include <vector>

#include "isa.h"

namespace tops {

/** Challenged leaves and their siblings, as in libs/crypto/src/multiproof.ts, whose twin this is. */
struct Multiproof {
  /** 1 to 2^24. */
  uint32_t leafCount;
  /** Ascending, distinct, below leafCount; at least one. */
  const std::vector<uint32_t>& rows;
  /** 32 bytes for each of the rows. */
  const uint8_t* leaves;
  const uint8_t* siblings;
  uint32_t siblingCount;
};

/**
 * The root they imply, 32 bytes to `root`; false when rows and leaf count imply another number of siblings, which is found
 * out before anything is hashed. Throws std::bad_alloc.
 */
bool foldMultiproof(const Isa& isa, const Multiproof& proof, uint8_t* root);

}  // namespace tops
