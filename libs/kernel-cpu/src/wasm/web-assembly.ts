// The few parts of the WebAssembly JavaScript interface in use. @types/node 20 declares none of it, and the DOM's types
// would let browser globals into Node.js code.

export interface WasmModule {
  readonly [moduleBrand]: true;
}
declare const moduleBrand: unique symbol;

/** A memory made with `shared: true`; `buffer` is a new, longer object after the memory grew. */
export interface SharedWasmMemory {
  readonly buffer: SharedArrayBuffer;
  /** @throws RangeError when the system has no more memory */
  grow(pageCount: number): number;
}

interface WebAssemblyInterface {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Instance: new (
    module: WasmModule,
    imports: { readonly env: { readonly memory: SharedWasmMemory } },
  ) => { readonly exports: object };
  readonly Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedWasmMemory;
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyInterface })
  .WebAssembly;

export const WASM_PAGE_BYTES = 65_536;
/** The maximum that codegen.mjs compiles into the module: all of a 32-bit address space. */
export const WASM_MAX_PAGES = 65_536;
