// BLAKE3 compression (specification §2.1–2.2). Twin: twins/blake3.ts. Prepended to every shader that hashes.

const CHUNK_START = 1u;
const CHUNK_END = 2u;
const PARENT = 4u;
const ROOT = 8u;
const KEYED_HASH = 16u;
const IV_LOW = vec4<u32>(0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au);
const IV_HIGH = vec4<u32>(0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u);

/// Sixteen words in the order the rounds read them: even and odd words of the first and of the second half.
struct Block {
  even_low: vec4<u32>,
  odd_low: vec4<u32>,
  even_high: vec4<u32>,
  odd_high: vec4<u32>,
}

/// Eight words: a chaining value or a key.
struct Chain {
  low: vec4<u32>,
  high: vec4<u32>,
}

/// Sixteen words of output: `chain` alone where no extended output is wanted.
struct Output {
  chain: Chain,
  rest: Chain,
}

fn block_of(w0: vec4<u32>, w1: vec4<u32>, w2: vec4<u32>, w3: vec4<u32>) -> Block {
  return Block(
    vec4(w0.xz, w1.xz),
    vec4(w0.yw, w1.yw),
    vec4(w2.xz, w3.xz),
    vec4(w2.yw, w3.yw),
  );
}

/// The message word order of the next round (table 2).
fn permute(b: Block) -> Block {
  return Block(
    vec4(b.even_low.y, b.odd_low.y, b.odd_low.w, b.even_low.z),
    vec4(b.even_low.w, b.even_high.y, b.even_low.x, b.odd_high.z),
    vec4(b.odd_low.x, b.even_high.z, b.odd_high.x, b.odd_high.w),
    vec4(b.odd_high.y, b.odd_low.z, b.even_high.w, b.even_high.x),
  );
}

fn rotate_right(x: vec4<u32>, bits: u32) -> vec4<u32> {
  return (x >> vec4(bits)) | (x << vec4(32u - bits));
}

/// Counters stay below 2^32: a row has at most 2^14 bytes.
fn compress(chain: Chain, message: Block, counter: u32, block_bytes: u32, flags: u32) -> Output {
  var a = chain.low;
  var b = chain.high;
  var c = IV_LOW;
  var d = vec4(counter, 0u, block_bytes, flags);
  var m = message;
  for (var round = 0u; round < 7u; round++) {
    // The four column functions, one a lane.
    a += b + m.even_low;
    d = rotate_right(d ^ a, 16u);
    c += d;
    b = rotate_right(b ^ c, 12u);
    a += b + m.odd_low;
    d = rotate_right(d ^ a, 8u);
    c += d;
    b = rotate_right(b ^ c, 7u);
    // The four diagonals, turned into columns.
    b = b.yzwx;
    c = c.zwxy;
    d = d.wxyz;
    a += b + m.even_high;
    d = rotate_right(d ^ a, 16u);
    c += d;
    b = rotate_right(b ^ c, 12u);
    a += b + m.odd_high;
    d = rotate_right(d ^ a, 8u);
    c += d;
    b = rotate_right(b ^ c, 7u);
    b = b.wxyz;
    c = c.zwxy;
    d = d.yzwx;
    m = permute(m);
  }
  return Output(Chain(a ^ c, b ^ d), Chain(c ^ chain.low, d ^ chain.high));
}

/// Output block `counter` of BLAKE3.keyed_hash(key, u64(index)): 64 bytes of a stream row.
fn stream_block(key: Chain, index: u32, counter: u32) -> Output {
  let message = block_of(vec4(index, 0u, 0u, 0u), vec4(0u), vec4(0u), vec4(0u));
  return compress(key, message, counter, 8u, KEYED_HASH | CHUNK_START | CHUNK_END | ROOT);
}

/// Index of this invocation in a grid folded into two dimensions (one holds at most 65535 workgroups).
fn flat_index(workgroup: vec3<u32>, workgroups: vec3<u32>, local: u32, workgroup_size: u32) -> u32 {
  return (workgroup.y * workgroups.x + workgroup.x) * workgroup_size + local;
}
