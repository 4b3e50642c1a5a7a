// Rows of A: stream(attempt_key, i), row-major int8, so already packed along k. One invocation an output block of 64 bytes.
// Twin: twins/operand-stream.ts

struct OperandParams {
  key: Chain,
  first_row: u32,
  row_count: u32,
  blocks_per_row: u32,
  /// 1: row numbers come from `rows`; 0: they count up from `first_row`.
  gather: u32,
}

@group(0) @binding(0) var<uniform> params: OperandParams;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read_write> operand: array<vec4<u32>>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let index = flat_index(workgroup, workgroups, local, 64u);
  let row = index / params.blocks_per_row;
  if (row >= params.row_count) {
    return;
  }
  var stream_row = params.first_row + row;
  if (params.gather == 1u) {
    stream_row = rows[row];
  }
  let words = stream_block(params.key, stream_row, index % params.blocks_per_row);
  operand[index * 4u] = words.chain.low;
  operand[index * 4u + 1u] = words.chain.high;
  operand[index * 4u + 2u] = words.rest.low;
  operand[index * 4u + 3u] = words.rest.high;
}
