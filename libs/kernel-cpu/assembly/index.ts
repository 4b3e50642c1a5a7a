// The kernel's WebAssembly: pure functions over addresses in a shared memory. No heap, no globals, no data segments, so
// any number of threads may instantiate the module over one memory.
export { streamRows } from './stream';
export { packRows } from './pack';
export { gemmToInt16, gemmToInt8 } from './gemm';
export { hashRows } from './leaf';
export { multiplyAddRounds } from './limit';
