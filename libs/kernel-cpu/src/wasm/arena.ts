import { KernelError } from '@tops/kernel-spec';
import {
  WASM_MAX_PAGES,
  WASM_PAGE_BYTES,
  webAssembly,
  type SharedWasmMemory,
} from './web-assembly.ts';

/** The first page stays free: address 0 never belongs to anyone. */
const FIRST_ADDRESS = WASM_PAGE_BYTES;
const MAX_BYTES = WASM_MAX_PAGES * WASM_PAGE_BYTES;

interface Range {
  readonly address: number;
  readonly byteLength: number;
}

/**
 * One shared memory, handed out in ranges. A single memory that is filled again rather than one for each shape: what a
 * closed range held is reused at once, where a dropped memory would live until every thread had collected its garbage.
 */
export class Arena {
  readonly memory: SharedWasmMemory;
  #ranges: Range[] = [];
  #pageCount = 2;

  /** @throws KernelError `out_of_memory` */
  constructor() {
    try {
      this.memory = new webAssembly.Memory({
        initial: this.#pageCount,
        maximum: WASM_MAX_PAGES,
        shared: true,
      });
    } catch (cause) {
      throw new KernelError('out_of_memory', 'no address space for the shared memory', { cause });
    }
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /**
   * First fit below `limitBytes`; contents are whatever was there.
   *
   * @returns a multiple of 4096, or undefined when no gap is large enough
   * @throws KernelError `out_of_memory` when the system refuses to grow the memory
   */
  allocate(byteLength: number, limitBytes: number): number | undefined {
    let address = FIRST_ADDRESS;
    let index = 0;
    for (const range of this.#ranges) {
      if (range.address - address >= byteLength) break;
      address = range.address + range.byteLength;
      index++;
    }
    const end = address + byteLength;
    if (end > Math.min(limitBytes + FIRST_ADDRESS, MAX_BYTES)) return undefined;
    this.#growTo(end);
    this.#ranges.splice(index, 0, { address, byteLength });
    return address;
  }

  release(address: number): void {
    this.#ranges = this.#ranges.filter((range) => range.address !== address);
  }

  #growTo(end: number): void {
    const missing = Math.ceil(end / WASM_PAGE_BYTES) - this.#pageCount;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new KernelError('out_of_memory', `cannot grow the shared memory to ${end} bytes`, {
        cause,
      });
    }
    this.#pageCount += missing;
  }
}
