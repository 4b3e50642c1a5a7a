// BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), one independent compression a vector lane. No include guard and no
// shared code: every instruction set includes this file inside an anonymous namespace, after it has defined
//   kLanes, U (a vector of kLanes uint32_t), splat, rotr<N>, loadWords (kLanes × 64 bytes to 16 vectors, transposed),
//   storeWords (the way back, `mask` applied to every byte).

constexpr uint8_t kSchedule[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1},
    {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4},
    {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};
constexpr uint32_t kInitialValue[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
constexpr uint32_t kChunkStart = 1, kChunkEnd = 2, kParent = 4, kRoot = 8, kKeyed = 16;
constexpr uint32_t kBlockBytes = 64, kChunkBytes = 1024;

inline uint32_t loadWord(const uint8_t* bytes) {
  uint32_t word;
  __builtin_memcpy(&word, bytes, 4);
  return word;
}

inline void mix(U& a, U& b, U& c, U& d, U x, U y) {
  a = a + b + x;
  d = rotr<16>(d ^ a);
  c = c + d;
  b = rotr<12>(b ^ c);
  a = a + b + y;
  d = rotr<8>(d ^ a);
  c = c + d;
  b = rotr<7>(b ^ c);
}

/** The same where neither message word is anything but zero. */
inline void mixZero(U& a, U& b, U& c, U& d) {
  a = a + b;
  d = rotr<16>(d ^ a);
  c = c + d;
  b = rotr<12>(b ^ c);
  a = a + b;
  d = rotr<8>(d ^ a);
  c = c + d;
  b = rotr<7>(b ^ c);
}

template <int kRound>
inline void fullRound(U v[16], const U m[16]) {
  constexpr const uint8_t* s = kSchedule[kRound];
  mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
  mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
  mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
  mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
  mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
  mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
  mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
  mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
}

/** Message words other than 0 are zero: a row index below 2^32 in a block of 8 bytes. */
template <int kX, int kY>
inline void mixIndex(U& a, U& b, U& c, U& d, U index) {
  if constexpr (kX == 0) {
    mix(a, b, c, d, index, splat(0));
  } else if constexpr (kY == 0) {
    mix(a, b, c, d, splat(0), index);
  } else {
    mixZero(a, b, c, d);
  }
}

template <int kRound>
inline void indexRound(U v[16], U index) {
  constexpr const uint8_t* s = kSchedule[kRound];
  mixIndex<s[0], s[1]>(v[0], v[4], v[8], v[12], index);
  mixIndex<s[2], s[3]>(v[1], v[5], v[9], v[13], index);
  mixIndex<s[4], s[5]>(v[2], v[6], v[10], v[14], index);
  mixIndex<s[6], s[7]>(v[3], v[7], v[11], v[15], index);
  mixIndex<s[8], s[9]>(v[0], v[5], v[10], v[15], index);
  mixIndex<s[10], s[11]>(v[1], v[6], v[11], v[12], index);
  mixIndex<s[12], s[13]>(v[2], v[7], v[8], v[13], index);
  mixIndex<s[14], s[15]>(v[3], v[4], v[9], v[14], index);
}

inline void initialise(U v[16], const U chain[8], U counter, uint32_t blockBytes, U flags) {
  for (int i = 0; i < 8; i++) v[i] = chain[i];
  for (int i = 0; i < 4; i++) v[8 + i] = splat(kInitialValue[i]);
  v[12] = counter;
  v[13] = splat(0);
  v[14] = splat(blockBytes);
  v[15] = flags;
}

/** One compression; `chain` becomes the new chaining value (or the first 32 bytes of the root's output). */
inline void compress(U chain[8], const U m[16], U counter, U flags) {
  U v[16];
  initialise(v, chain, counter, kBlockBytes, flags);
  fullRound<0>(v, m);
  fullRound<1>(v, m);
  fullRound<2>(v, m);
  fullRound<3>(v, m);
  fullRound<4>(v, m);
  fullRound<5>(v, m);
  fullRound<6>(v, m);
  for (int i = 0; i < 8; i++) chain[i] = v[i] ^ v[i + 8];
}

/** Key words of each lane. */
inline void loadKeys(const uint8_t* const* keys, U chain[8]) {
  bool isOne = true;
  for (uint32_t lane = 1; lane < kLanes; lane++) isOne &= keys[lane] == keys[0];
  for (int i = 0; i < 8; i++) {
    if (isOne) {
      chain[i] = splat(loadWord(keys[0] + 4 * i));
    } else {
      uint32_t words[kLanes];
      for (uint32_t lane = 0; lane < kLanes; lane++) words[lane] = loadWord(keys[lane] + 4 * i);
      __builtin_memcpy(&chain[i], words, sizeof words);
    }
  }
}

/** Items past the end repeat the last one, to a place nobody reads. */
void streamRows(const StreamArgs& args) {
  const uint32_t blocksPerRow = args.rowBytes / kBlockBytes;
  const uint64_t itemCount = uint64_t{args.rowCount} * blocksPerRow;
  alignas(64) uint8_t waste[kLanes * kBlockBytes];
  uint32_t row = 0, block = 0;
  for (uint64_t first = 0; first < itemCount; first += kLanes) {
    const uint8_t* keys[kLanes];
    uint8_t* outs[kLanes];
    uint32_t indices[kLanes], counters[kLanes];
    for (uint32_t lane = 0; lane < kLanes; lane++) {
      const bool isItem = row < args.rowCount;
      const uint32_t at = isItem ? row : args.rowCount - 1;
      keys[lane] = args.keys[at];
      indices[lane] = args.rows[at];
      counters[lane] = block;
      outs[lane] = isItem ? args.out + at * args.outStride + size_t{block} * kBlockBytes
                          : waste + lane * kBlockBytes;
      if (++block == blocksPerRow) {
        block = 0;
        row++;
      }
    }
    U key[8], v[16], index, counter;
    loadKeys(keys, key);
    __builtin_memcpy(&index, indices, sizeof index);
    __builtin_memcpy(&counter, counters, sizeof counter);
    initialise(v, key, counter, 8, splat(kChunkStart | kChunkEnd | kRoot | kKeyed));
    indexRound<0>(v, index);
    indexRound<1>(v, index);
    indexRound<2>(v, index);
    indexRound<3>(v, index);
    indexRound<4>(v, index);
    indexRound<5>(v, index);
    indexRound<6>(v, index);
    U words[16];
    for (int i = 0; i < 8; i++) words[i] = v[i] ^ v[i + 8];
    for (int i = 0; i < 8; i++) words[i + 8] = v[i + 8] ^ key[i];
    storeWords(words, outs, args.mask);
  }
}

/** 32 bytes of each lane to its own place. */
inline void storeHashes(const U chain[8], uint8_t* const* outs, uint32_t count) {
  alignas(64) uint32_t words[8][kLanes];
  for (int i = 0; i < 8; i++) __builtin_memcpy(words[i], &chain[i], sizeof(U));
  for (uint32_t lane = 0; lane < count; lane++) {
    uint32_t hash[8];
    for (int i = 0; i < 8; i++) hash[i] = words[i][lane];
    __builtin_memcpy(outs[lane], hash, sizeof hash);
  }
}

/** Chunks of 1024 bytes (or the one shorter chunk of a short row), lanes over rows and chunks. */
void hashChunks(const HashArgs& args, uint8_t* out, uint32_t chunksPerRow) {
  const uint32_t chunkBytes = chunksPerRow > 1 ? kChunkBytes : args.rowBytes;
  const uint32_t itemCount = args.rowCount * chunksPerRow;
  const uint32_t rootFlag = chunksPerRow > 1 ? 0 : kRoot;
  for (uint32_t first = 0; first < itemCount; first += kLanes) {
    const uint32_t count = itemCount - first < kLanes ? itemCount - first : kLanes;
    const uint8_t* keys[kLanes];
    const uint8_t* inputs[kLanes];
    uint8_t* outs[kLanes];
    uint32_t counters[kLanes];
    for (uint32_t lane = 0; lane < kLanes; lane++) {
      const uint32_t item = first + (lane < count ? lane : count - 1);
      const uint32_t row = item / chunksPerRow;
      const uint32_t chunk = item % chunksPerRow;
      keys[lane] = args.keys[row];
      inputs[lane] = args.rows + row * args.rowStride + size_t{chunk} * kChunkBytes;
      outs[lane] = out + size_t{item} * kHashBytes;
      counters[lane] = chunk;
    }
    U chain[8], m[16], counter;
    __builtin_memcpy(&counter, counters, sizeof counter);
    loadKeys(keys, chain);
    for (uint32_t offset = 0; offset < chunkBytes; offset += kBlockBytes) {
      uint32_t flags = kKeyed;
      if (offset == 0) flags |= kChunkStart;
      if (offset + kBlockBytes == chunkBytes) flags |= kChunkEnd | rootFlag;
      loadWords(inputs, offset, m);
      compress(chain, m, counter, splat(flags));
    }
    storeHashes(chain, outs, count);
  }
}

/** Pairs of chaining values (64 bytes) to parents, in order; `keys` null for the unkeyed tree of an attempt. */
void hashPairs(const uint8_t* pairs, uint32_t count, uint32_t pairsPerKey,
               const uint8_t* const* keys, uint32_t flags, uint8_t* out) {
  for (uint32_t first = 0; first < count; first += kLanes) {
    const uint32_t laneCount = count - first < kLanes ? count - first : kLanes;
    const uint8_t* inputs[kLanes];
    const uint8_t* laneKeys[kLanes] = {};
    uint8_t* outs[kLanes];
    for (uint32_t lane = 0; lane < kLanes; lane++) {
      const uint32_t item = first + (lane < laneCount ? lane : laneCount - 1);
      inputs[lane] = pairs + size_t{item} * kBlockBytes;
      outs[lane] = out + size_t{item} * kHashBytes;
      if (keys) laneKeys[lane] = keys[item / pairsPerKey];
    }
    U chain[8], m[16];
    if (keys) {
      loadKeys(laneKeys, chain);
    } else {
      for (int i = 0; i < 8; i++) chain[i] = splat(kInitialValue[i]);
    }
    loadWords(inputs, 0, m);
    compress(chain, m, splat(0), splat(flags));
    storeHashes(chain, outs, laneCount);
  }
}

void hashRows(const HashArgs& args) {
  uint32_t nodesPerRow = args.rowBytes <= kChunkBytes ? 1 : args.rowBytes / kChunkBytes;
  if (nodesPerRow == 1) {
    hashChunks(args, args.out, 1);
    return;
  }
  hashChunks(args, args.scratch, nodesPerRow);
  while (nodesPerRow > 1) {
    nodesPerRow /= 2;
    const bool isRoot = nodesPerRow == 1;
    // In place is safe: the lanes' pairs are all read before their parents are written, and parents lie below pairs.
    hashPairs(args.scratch, args.rowCount * nodesPerRow, nodesPerRow, args.keys,
              kKeyed | kParent | (isRoot ? kRoot : 0), isRoot ? args.out : args.scratch);
  }
}

/** A node is the hash of 64 bytes: one chunk of one block (docs/protocol.md, Commitment). */
void foldNodes(const uint8_t* children, uint32_t count, uint8_t* out) {
  hashPairs(children, count, 1, nullptr, kChunkStart | kChunkEnd | kRoot, out);
}
