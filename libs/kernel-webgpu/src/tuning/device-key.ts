import { blake3, bytesToHex } from '@tops/crypto';
import { KERNEL_VERSION } from '@tops/protocol';
import type { AdapterDescription } from '../device/adapter.ts';
import type { GemmVariant } from '../gemm-path.ts';

/** Longer names are cut: they end up in a file of bounded size. */
const PART_CHARACTERS_MAX = 200;

/** What a trial's result is good for. When any part changes, the trial is run again. */
export interface DeviceKey {
  readonly adapter: string;
  /** Driver and version, as the backend words it. */
  readonly driver: string;
  /** Version of the npm package that holds Dawn: its shader compiler decides over speeds too. */
  readonly dawn: string;
  readonly kernel: string;
  /** BLAKE3 over every variant that was compared: shaders, constants, tiles an operator asked for. */
  readonly gemm: string;
}

export const deviceKeyParts = ['adapter', 'driver', 'dawn', 'kernel', 'gemm'] as const;

export function isSameDevice(left: DeviceKey, right: DeviceKey): boolean {
  return deviceKeyParts.every((part) => left[part] === right[part]);
}

export function deviceKeyOf(
  adapter: AdapterDescription,
  variants: readonly GemmVariant[],
  dawn: string,
): DeviceKey {
  const { name, vendor, architecture, driver } = adapter;
  const compared = JSON.stringify(
    variants.map(({ label, code, constants }) => [label, code, Object.entries(constants)]),
  );
  return {
    adapter: [name, vendor, architecture].join(' / ').slice(0, PART_CHARACTERS_MAX),
    driver: driver.slice(0, PART_CHARACTERS_MAX),
    dawn: dawn.slice(0, PART_CHARACTERS_MAX),
    kernel: KERNEL_VERSION,
    gemm: bytesToHex(blake3(new TextEncoder().encode(compared))),
  };
}
