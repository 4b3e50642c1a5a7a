import { KernelError, type KernelErrorCode } from '@tops/kernel-spec';

/**
 * - `lost`: the device went away (driver reset, unplugged, another process took it down)
 * - `out_of_memory`, `validation`, `internal`: what an error scope caught
 * - `hang`: the device did not answer within the deadline
 * - `other`: anything else that made the device unusable
 */
export const deviceFaultKinds = [
  'lost',
  'out_of_memory',
  'validation',
  'internal',
  'hang',
  'other',
] as const;
export type DeviceFaultKind = (typeof deviceFaultKinds)[number];

const codes: Readonly<Record<DeviceFaultKind, KernelErrorCode>> = {
  lost: 'device_lost',
  out_of_memory: 'out_of_memory',
  validation: 'device_failed',
  internal: 'device_failed',
  hang: 'device_failed',
  other: 'device_failed',
};

/** A KernelError that also says what happened to the device; callers tell by its code what becomes of the attempt. */
export class DeviceFault extends KernelError {
  readonly kind: DeviceFaultKind;

  constructor(kind: DeviceFaultKind, message: string, options?: { readonly cause?: unknown }) {
    super(codes[kind], message, options);
    this.kind = kind;
  }
}

/** The kind of any error after which a device is given up. */
export function faultKindOf(error: KernelError): DeviceFaultKind {
  if (error instanceof DeviceFault) return error.kind;
  if (error.code === 'device_lost') return 'lost';
  return error.code === 'out_of_memory' ? 'out_of_memory' : 'other';
}
