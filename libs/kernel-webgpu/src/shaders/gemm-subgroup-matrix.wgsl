// A layer by subgroup matrices (i8 × i8 → i32 in hardware). A subgroup computes 64 × 64 outputs, straight from storage: its
// neighbours in the workgroup read the same rows and columns, which the first cache then holds. The matrix sizes come from
// subgroup-matrix-*.wgsl, which is put between the directives and this file: they are part of types, so no overrides.
// Rows are padded to 64 by the caller, columns and depth are multiples of 64. Twin: twins/gemm.ts

override SUBGROUP_SIZE: u32 = 32u;
override SUBGROUPS_M: u32 = 4u;
override SUBGROUPS_N: u32 = 2u;
/// Bytes in one unit of the offsets and strides of subgroupMatrixLoad: elements of the array, 4, since gpuweb/gpuweb#6275,
/// components, 1, before. A known answer tells which one a Dawn follows.
override LOAD_UNIT_BYTES: u32 = 4u;

override INVOCATIONS: u32 = SUBGROUP_SIZE * SUBGROUPS_M * SUBGROUPS_N;
override SCRATCH_WORDS: u32 = BAND_WORDS * SUBGROUPS_M * SUBGROUPS_N;

const TILE = 64u;
const ROW_MATRICES = TILE / MATRIX_ROWS;
const COLUMN_MATRICES = TILE / MATRIX_COLUMNS;
/// A band: the MATRIX_ROWS × TILE outputs that are packed in one go.
const BAND_WORDS = MATRIX_ROWS * TILE;

alias Left = subgroup_matrix_left<i8, MATRIX_DEPTH, MATRIX_ROWS>;
alias Right = subgroup_matrix_right<i8, MATRIX_COLUMNS, MATRIX_DEPTH>;
alias Sums = subgroup_matrix_result<i32, MATRIX_COLUMNS, MATRIX_ROWS>;

struct GemmParams {
  row_count: u32,
  column_count: u32,
  depth: u32,
  shift: u32,
}

@group(0) @binding(0) var<uniform> params: GemmParams;
@group(0) @binding(1) var<storage, read> left: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<u32>;

var<workgroup> bands: array<i32, SCRATCH_WORDS>;

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let subgroup = local / SUBGROUP_SIZE;
  let lane = local % SUBGROUP_SIZE;
  let first_row = (workgroup.y * SUBGROUPS_M + subgroup / SUBGROUPS_N) * TILE;
  let first_column = (workgroup.x * SUBGROUPS_N + subgroup % SUBGROUPS_N) * TILE;
  let is_inside = first_row < params.row_count && first_column < params.column_count;
  // A subgroup past the edge repeats the first tile and drops it: the barriers below want everybody.
  let left_at = select(0u, first_row * params.depth, is_inside);
  let weights_at = select(0u, first_column * params.depth, is_inside);
  let stride = params.depth / LOAD_UNIT_BYTES;

  var sums: array<Sums, ROW_MATRICES * COLUMN_MATRICES>;
  for (var t = 0u; t < params.depth; t += MATRIX_DEPTH) {
    var rows: array<Left, ROW_MATRICES>;
    for (var i = 0u; i < ROW_MATRICES; i++) {
      let at = left_at + i * MATRIX_ROWS * params.depth + t;
      rows[i] = subgroupMatrixLoad<Left, row_major>(&left, at / LOAD_UNIT_BYTES, stride);
    }
    for (var j = 0u; j < COLUMN_MATRICES; j++) {
      let at = weights_at + j * MATRIX_COLUMNS * params.depth + t;
      let column = subgroupMatrixLoad<Right, col_major>(&weights, at / LOAD_UNIT_BYTES, stride);
      for (var i = 0u; i < ROW_MATRICES; i++) {
        let at_sum = i * COLUMN_MATRICES + j;
        sums[at_sum] = subgroupMatrixMultiplyAccumulate(rows[i], column, sums[at_sum]);
      }
    }
  }

  let band = subgroup * BAND_WORDS;
  for (var i = 0u; i < ROW_MATRICES; i++) {
    for (var j = 0u; j < COLUMN_MATRICES; j++) {
      let at = band + j * MATRIX_COLUMNS;
      subgroupMatrixStore<row_major>(&bands, at, sums[i * COLUMN_MATRICES + j], TILE);
    }
    workgroupBarrier();
    for (var word = lane; word < BAND_WORDS / 4u; word += SUBGROUP_SIZE) {
      let at = band + word * 4u;
      let quad = vec4(bands[at], bands[at + 1u], bands[at + 2u], bands[at + 3u]);
      let quantised = vec4<u32>(clamp(quad >> vec4(params.shift), vec4(0i), vec4(127i)));
      let row = first_row + i * MATRIX_ROWS + word / (TILE / 4u);
      let column = first_column + (word % (TILE / 4u)) * 4u;
      if (is_inside && row < params.row_count) {
        let packed = quantised.x | (quantised.y << 8u) | (quantised.z << 16u) | (quantised.w << 24u);
        result[(row * params.column_count + column) / 4u] = packed;
      }
    }
    workgroupBarrier();
  }
}
