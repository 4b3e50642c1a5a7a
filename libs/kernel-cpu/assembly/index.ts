// The kernel's WebAssembly: pure functions over addresses in a shared memory. No heap, no globals, no data segments, so
// any number of threads may instantiate the module over one memory.
export { streamRows } from './stream';
export { interleaveRows, packRows } from './pack';
export { combineBlocks } from './combine';
export { clear, gemm } from './gemm';
export { requantiseToInt16, requantiseToInt8 } from './requantise';
export { hashRows } from './leaf';
export { multiplyAddRounds } from './limit';
