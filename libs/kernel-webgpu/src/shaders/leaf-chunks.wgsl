// BLAKE3 chunks (specification §2.4) of the rows of Y2, one invocation a chunk of up to 1024 bytes: the leaf itself where a
// row is a single chunk, else the chaining values that hash-pairs folds. Twin: twins/leaf-chunks.ts

struct LeafParams {
  key: Chain,
  row_count: u32,
  chunks_per_row: u32,
  blocks_per_chunk: u32,
}

@group(0) @binding(0) var<uniform> params: LeafParams;
@group(0) @binding(1) var<storage, read> output_rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> nodes: array<Chain>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup, workgroups, local, 64u);
  if (index >= params.row_count * params.chunks_per_row) {
    return;
  }
  let counter = index % params.chunks_per_row;
  let last = params.blocks_per_chunk - 1u;
  let end_flags = CHUNK_END | select(0u, ROOT, params.chunks_per_row == 1u);
  var chain = params.key;
  for (var block = 0u; block <= last; block++) {
    let at = (index * params.blocks_per_chunk + block) * 4u;
    let message = block_of(
      output_rows[at],
      output_rows[at + 1u],
      output_rows[at + 2u],
      output_rows[at + 3u],
    );
    let flags = KEYED_HASH | select(0u, CHUNK_START, block == 0u) | select(0u, end_flags, block == last);
    chain = compress(chain, message, counter, 64u, flags).chain;
  }
  nodes[index] = chain;
}
