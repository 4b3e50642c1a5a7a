import { availableParallelism, cpus, totalmem } from 'node:os';
import { found, type Finding } from './finding.ts';

const GIB = 2 ** 30;

/** A worker of the largest shapes stays under half of this (docs/protocol.md: kernels stream in row chunks). */
const MEMORY_BYTES_MIN = GIB;

/** What the machine and its Node offer. */
export function inspectMachine(): Finding[] {
  const model = cpus()[0]?.model.trim() ?? 'unknown model';
  return [
    checkNode(process.versions.node),
    found('cores', 'ok', `${availableParallelism()} (${process.arch}, ${model})`),
    checkMemory(memoryBytes()),
    checkFeature('wasm simd', canValidate(simdModule)),
    checkFeature('wasm threads', canValidate(atomicsModule)),
  ];
}

/** 20.19 is the first release of its line that package.json takes. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isSupported = major > 20 || (major === 20 && minor >= 19);
  return isSupported
    ? found('node', 'ok', version)
    : found('node', 'fail', `${version}; 20.19 or later is needed`);
}

export function checkMemory(bytes: number): Finding {
  const gib = `${(bytes / GIB).toFixed(1)} GiB`;
  return bytes >= MEMORY_BYTES_MIN
    ? found('memory', 'ok', gib)
    : found('memory', 'warn', `${gib}; at least 1 GiB is advised`);
}

/** What this process may use: a container's limit where there is one. */
function memoryBytes(): number {
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Whether this engine takes the module; the types of WebAssembly come with the DOM, which programs here do not have. */
export function canValidate(module: Uint8Array): boolean {
  const { WebAssembly: engine } = globalThis as {
    readonly WebAssembly?: { validate(bytes: Uint8Array): boolean };
  };
  return engine?.validate(module) ?? false;
}

function checkFeature(name: string, isThere: boolean): Finding {
  return isThere
    ? found(name, 'ok', 'available')
    : found(name, 'fail', 'not available; the CPU kernel needs it');
}

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** () → v128: i8x16.popcnt(i8x16.splat(i32.const 0)), instructions of the fixed-width SIMD proposal. */
export const simdModule = Uint8Array.from([
  ...header,
  ...[1, 5, 1, 0x60, 0, 1, 0x7b],
  ...[3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x62, 0x0b],
]);

/** One shared page of memory and i32.atomic.load of address 0, of the threads proposal. */
export const atomicsModule = Uint8Array.from([
  ...header,
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[5, 4, 1, 3, 1, 1],
  ...[10, 11, 1, 9, 0, 0x41, 0, 0xfe, 0x10, 2, 0, 0x1a, 0x0b],
]);
