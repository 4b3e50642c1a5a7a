// A layer by packed 4×int8 dot products, tiled: a workgroup of WG_M × WG_N invocations computes (TM·WG_M) × (TN·WG_N) outputs, each
// invocation TM × TN of them in registers, over steps of TK along depth held in workgroup memory. Operands as in gemm-plain.
// Twin: twins/gemm.ts

requires packed_4x8_integer_dot_product;

/// Rows an invocation owns, 1–16.
override TM: u32 = 8u;
/// Columns an invocation owns: 4, 8, 12 or 16; TM · TN at most 64.
override TN: u32 = 8u;
/// Depth of one step, a multiple of 16.
override TK: u32 = 64u;
override WG_M: u32 = 16u;
override WG_N: u32 = 16u;

override TILE_ROWS: u32 = TM * WG_M;
override TILE_COLUMNS: u32 = TN * WG_N;
override TILE_VECTORS: u32 = TK / 16u;
override COLUMN_QUADS: u32 = TN / 4u;
override INVOCATIONS: u32 = WG_M * WG_N;
// Two vectors more than needed: the writes of one step then fall into different banks.
override LEFT_STRIDE: u32 = TILE_ROWS + 2u;
override WEIGHTS_STRIDE: u32 = TILE_COLUMNS + 2u;

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

// [vector of depth][row or column], so that one vector of many rows lies side by side.
var<workgroup> left_tile: array<vec4<u32>, TILE_VECTORS * LEFT_STRIDE>;
var<workgroup> weights_tile: array<vec4<u32>, TILE_VECTORS * WEIGHTS_STRIDE>;

fn dot16(a: vec4<u32>, b: vec4<u32>, sum: i32) -> i32 {
  return sum + dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

/// Where column `column` of the tile lies: an invocation owns runs of four columns (one word of output), while neighbouring
/// invocations should read neighbouring vectors.
fn column_slot(column: u32) -> u32 {
  let quad = column / (4u * WG_N);
  let within = column % (4u * WG_N);
  return (quad * 4u + within % 4u) * WG_N + within / 4u;
}

fn load_tiles(first_row: u32, first_column: u32, first_vector: u32, local: u32) {
  let vectors = params.depth / 16u;
  for (var i = local; i < TILE_ROWS * TILE_VECTORS; i += INVOCATIONS) {
    let row = first_row + i / TILE_VECTORS;
    let vector = first_vector + i % TILE_VECTORS;
    var value = vec4<u32>();
    if (row < params.row_count && vector < vectors) {
      value = left[row * vectors + vector];
    }
    left_tile[(i % TILE_VECTORS) * LEFT_STRIDE + i / TILE_VECTORS] = value;
  }
  for (var i = local; i < TILE_COLUMNS * TILE_VECTORS; i += INVOCATIONS) {
    let column = first_column + i / TILE_VECTORS;
    let vector = first_vector + i % TILE_VECTORS;
    var value = vec4<u32>();
    if (column < params.column_count && vector < vectors) {
      value = weights[column * vectors + vector];
    }
    weights_tile[(i % TILE_VECTORS) * WEIGHTS_STRIDE + column_slot(i / TILE_VECTORS)] = value;
  }
}

@compute @workgroup_size(WG_N, WG_M)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_id) lane: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first_row = workgroup.y * TILE_ROWS;
  let first_column = workgroup.x * TILE_COLUMNS;
  // TM × TN / 4 of them are used; sizes of function variables cannot be overrides.
  var sums: array<vec4<i32>, 16>;
  var columns: array<vec4<u32>, 16>;

  let vectors = params.depth / 16u;
  for (var vector = 0u; vector < vectors; vector += TILE_VECTORS) {
    load_tiles(first_row, first_column, vector, local);
    workgroupBarrier();
    for (var t = 0u; t < TILE_VECTORS; t++) {
      for (var j = 0u; j < TN; j++) {
        columns[j] = weights_tile[t * WEIGHTS_STRIDE + j * WG_N + lane.x];
      }
      for (var i = 0u; i < TM; i++) {
        let a = left_tile[t * LEFT_STRIDE + i * WG_M + lane.y];
        for (var q = 0u; q < COLUMN_QUADS; q++) {
          let sum = sums[i * COLUMN_QUADS + q];
          sums[i * COLUMN_QUADS + q] = vec4(
            dot16(a, columns[q * 4u], sum.x),
            dot16(a, columns[q * 4u + 1u], sum.y),
            dot16(a, columns[q * 4u + 2u], sum.z),
            dot16(a, columns[q * 4u + 3u], sum.w),
          );
        }
      }
    }
    workgroupBarrier();
  }

  for (var i = 0u; i < TM; i++) {
    let row = first_row + i * WG_M + lane.y;
    for (var q = 0u; q < COLUMN_QUADS; q++) {
      let column = first_column + (q * WG_N + lane.x) * 4u;
      if (row < params.row_count && column < params.column_count) {
        let shifted = sums[i * COLUMN_QUADS + q] >> vec4(params.shift);
        let quantised = vec4<u32>(clamp(shifted, vec4(0i), vec4(127i)));
        let packed = quantised.x | (quantised.y << 8u) | (quantised.z << 16u) | (quantised.w << 24u);
        result[(row * params.column_count + column) / 4u] = packed;
      }
    }
  }
}
