const MATRIX_ROWS = 8u;
const MATRIX_COLUMNS = 16u;
const MATRIX_DEPTH = 32u;
