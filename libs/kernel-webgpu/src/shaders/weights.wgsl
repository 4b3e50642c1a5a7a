// W1 or W2, transposed: column j of W is `depth` int8 in a row, packed along k for 4×int8 dot products. One invocation makes
// 64 columns of four rows of W. Twin: twins/weights.ts

struct WeightsParams {
  key: Chain,
  depth: u32,
  blocks_per_row: u32,
}

@group(0) @binding(0) var<uniform> params: WeightsParams;
@group(0) @binding(1) var<storage, read_write> weights: array<u32>;

/// Byte `lane` of four rows' words, the first row in the low byte.
fn gather_bytes(words: vec4<u32>, lane: u32) -> u32 {
  let bytes = (words >> vec4(lane * 8u)) & vec4(0xffu);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

fn store_columns(r0: vec4<u32>, r1: vec4<u32>, r2: vec4<u32>, r3: vec4<u32>, column: u32, quad: u32) {
  let words_per_column = params.depth / 4u;
  for (var word = 0u; word < 4u; word++) {
    let words = vec4(r0[word], r1[word], r2[word], r3[word]);
    for (var lane = 0u; lane < 4u; lane++) {
      weights[(column + word * 4u + lane) * words_per_column + quad] = gather_bytes(words, lane);
    }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup, workgroups, local, 64u);
  // Neighbours take neighbouring rows: their words lie side by side in every column.
  let quads = params.depth / 4u;
  let quad = index % quads;
  let block = index / quads;
  if (block >= params.blocks_per_row) {
    return;
  }
  let r0 = stream_block(params.key, quad * 4u, block);
  let r1 = stream_block(params.key, quad * 4u + 1u, block);
  let r2 = stream_block(params.key, quad * 4u + 2u, block);
  let r3 = stream_block(params.key, quad * 4u + 3u, block);
  let column = block * 64u;
  store_columns(r0.chain.low, r1.chain.low, r2.chain.low, r3.chain.low, column, quad);
  store_columns(r0.chain.high, r1.chain.high, r2.chain.high, r3.chain.high, column + 16u, quad);
  store_columns(r0.rest.low, r1.rest.low, r2.rest.low, r3.rest.low, column + 32u, quad);
  store_columns(r0.rest.high, r1.rest.high, r2.rest.high, r3.rest.high, column + 48u, quad);
}
