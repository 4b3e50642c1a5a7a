// A layer for devices without packed dot products: one invocation computes four neighbouring outputs of a row with ordinary
// multiplications. Left operand rows×depth and transposed weights columns×depth, both packed along depth.
// Twin: twins/gemm.ts

struct GemmParams {
  row_count: u32,
  column_count: u32,
  depth: u32,
  shift: u32,
}

@group(0) @binding(0) var<uniform> params: GemmParams;
@group(0) @binding(1) var<storage, read> left: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

/// The four signed bytes of each word: byte `lane` of every word in one vector.
fn lane_of(words: vec4<u32>, lane: u32) -> vec4<i32> {
  return bitcast<vec4<i32>>(words << vec4(24u - lane * 8u)) >> vec4(24u);
}

fn dot16(a: vec4<u32>, b: vec4<u32>) -> i32 {
  let products = lane_of(a, 0u) * lane_of(b, 0u) + lane_of(a, 1u) * lane_of(b, 1u)
    + lane_of(a, 2u) * lane_of(b, 2u) + lane_of(a, 3u) * lane_of(b, 3u);
  return products.x + products.y + products.z + products.w;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x * 4u;
  let row = id.y;
  if (row >= params.row_count || column >= params.column_count) {
    return;
  }
  let vectors = params.depth / 16u;
  let left_at = row * vectors;
  let weights_at = column * vectors;
  var sums = vec4<i32>();
  for (var t = 0u; t < vectors; t++) {
    let a = left[left_at + t];
    sums += vec4(
      dot16(a, weights[weights_at + t]),
      dot16(a, weights[weights_at + vectors + t]),
      dot16(a, weights[weights_at + 2u * vectors + t]),
      dot16(a, weights[weights_at + 3u * vectors + t]),
    );
  }
  let quantised = vec4<u32>(clamp(sums >> vec4(params.shift), vec4(0i), vec4(127i)));
  let packed = quantised.x | (quantised.y << 8u) | (quantised.z << 16u) | (quantised.w << 24u);
  result[(row * params.column_count + column) / 4u] = packed;
}
