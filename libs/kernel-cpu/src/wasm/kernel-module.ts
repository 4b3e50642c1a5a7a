import { base64ToBytes } from '@tops/crypto';
import { wasmModuleBase64 } from '../../generated/wasm-module.ts';
import { webAssembly, type SharedWasmMemory, type WasmModule } from './web-assembly.ts';

/** The functions of assembly/index.ts; every address and stride is in bytes. See there for what each one does. */
export interface KernelExports {
  streamRows(
    key: number,
    rowIndices: number,
    rowCount: number,
    rowBytes: number,
    out: number,
    outStride: number,
    scratch: number,
  ): void;
  interleaveRows(rows: number, rowStride: number, columnCount: number, tile: number): void;
  packRows(
    rows: number,
    rowStride: number,
    rowCount: number,
    columnCount: number,
    packed: number,
    panelStride: number,
  ): void;
  combineBlocks(
    x: number,
    y: number,
    isDifference: number,
    stride: number,
    rowCount: number,
    rowBytes: number,
    out: number,
    outStride: number,
  ): void;
  clear(address: number, byteLength: number): void;
  gemm(
    left: number,
    tileStride: number,
    rowCount: number,
    depth: number,
    packed: number,
    panelStride: number,
    columnCount: number,
    sums0: number,
    sums1: number,
    sums2: number,
    sums3: number,
    sumsPanelStride: number,
    subtracted: number,
  ): void;
  /** `outStride` is that of tiles here. */
  requantiseToInt16: RequantiseFunction;
  requantiseToInt8: RequantiseFunction;
  hashRows(
    key: number,
    keyed: number,
    inputs: number,
    inputStride: number,
    inputCount: number,
    inputBytes: number,
    out: number,
    scratch: number,
  ): void;
  /** Register-only multiply-adds, 128 ops a round: what this core could do at most right now. */
  multiplyAddRounds(roundCount: number): number;
}

type RequantiseFunction = (
  sums: number,
  panelStride: number,
  rowCount: number,
  columnCount: number,
  shift: number,
  out: number,
  outStride: number,
) => void;

export function compileKernelModule(): Promise<WasmModule> {
  return webAssembly.compile(base64ToBytes(wasmModuleBase64));
}

/** Any number of instances, in any threads, may share one memory: the module owns no part of it. */
export function instantiateKernel(module: WasmModule, memory: SharedWasmMemory): KernelExports {
  return new webAssembly.Instance(module, { env: { memory } }).exports as KernelExports;
}
