// One level of a tree: parent i from children 2i and 2i + 1, an unpaired last child moves up unchanged. Serves the Merkle
// tree (BLAKE3.hash(left ‖ right): a chunk of one block under the IV) and a leaf's chunk tree (parents under the key).
// Levels lie in one buffer. Twin: twins/hash-pairs.ts

struct PairParams {
  key: Chain,
  child_offset: u32,
  child_count: u32,
  parent_offset: u32,
  flags: u32,
}

@group(0) @binding(0) var<uniform> params: PairParams;
@group(0) @binding(1) var<storage, read_write> nodes: array<Chain>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup, workgroups, local, 64u);
  if (index * 2u >= params.child_count) {
    return;
  }
  let left = nodes[params.child_offset + index * 2u];
  if (index * 2u + 1u == params.child_count) {
    nodes[params.parent_offset + index] = left;
    return;
  }
  let right = nodes[params.child_offset + index * 2u + 1u];
  let message = block_of(left.low, left.high, right.low, right.high);
  nodes[params.parent_offset + index] = compress(params.key, message, 0u, 64u, params.flags).chain;
}
