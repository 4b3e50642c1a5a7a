const MATRIX_ROWS = 16u;
const MATRIX_COLUMNS = 8u;
const MATRIX_DEPTH = 32u;
