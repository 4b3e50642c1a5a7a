/**
 * - `aborted`: the caller's signal fired
 * - `closed`: the kernel was closed before or during the call
 * - `shape_unsupported`: sizes outside the protocol's rules, or beyond what this kernel can hold
 * - `out_of_memory`: the operands could not be allocated
 * - `thread_failed`: a compute thread crashed or could not be started
 * - `self_test_failed`: the kernel computes wrong values on this machine
 * - `addon_unavailable`: the native kernel was demanded, and it was not built, does not load, or lacks the instruction set
 * - `device_unavailable`: no GPU, no driver for it, or one that may not be used
 * - `device_lost`: the GPU went away in the middle of the work
 * - `device_failed`: the GPU refused the work or hung
 */
export type KernelErrorCode =
  | 'aborted'
  | 'closed'
  | 'shape_unsupported'
  | 'out_of_memory'
  | 'thread_failed'
  | 'self_test_failed'
  | 'addon_unavailable'
  | 'device_unavailable'
  | 'device_lost'
  | 'device_failed';

export class KernelError extends Error {
  readonly code: KernelErrorCode;

  constructor(code: KernelErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KernelError';
    this.code = code;
  }
}
