import { KernelError } from '@tops/kernel-spec';
import type { DeviceSession } from '../device/device-session.ts';
import type { GemmVariant } from '../gemm-path.ts';
import { chooseGemmPath, type GemmChoice } from '../gemm-trial.ts';
import type { Stages } from '../stages.ts';
import type { DeviceKey } from './device-key.ts';

/** What is worth keeping of a trial. The size of a chunk follows from the rate. */
export interface GemmTuning {
  /** Of the variant that won: path, tile or matrix size. */
  readonly label: string;
  /** Ops of the layer alone a second, at the largest size it was tried on; above 0. */
  readonly opsPerSecond: number;
}

/** Where results of trials outlive the process. Neither call rejects: what cannot be kept is tried again. */
export interface TuningStore {
  load(key: DeviceKey): Promise<GemmTuning | undefined>;
  save(key: DeviceKey, tuning: GemmTuning): Promise<void>;
}

/** Where a kernel's GEMM path came from. */
export interface TuningSource {
  readonly source: 'trial' | 'cache';
  /** Why what the cache held was not used. */
  readonly cacheRefused?: string;
}

export interface TunedChoice {
  readonly choice: GemmChoice;
  readonly tuning: TuningSource;
}

/**
 * The winner the store knows, if it still gets the known answer right; otherwise that of a fresh trial, which is then kept.
 *
 * @throws KernelError as {@link chooseGemmPath}
 */
export async function tuneGemmPath(
  session: DeviceSession,
  parts: {
    readonly stages: Stages;
    readonly variants: readonly GemmVariant[];
    readonly key: DeviceKey;
  },
  store: TuningStore | undefined,
): Promise<TunedChoice> {
  const { stages, variants, key } = parts;
  // A single variant is not tried against anything: there is nothing to keep.
  if (!store || variants.length < 2) {
    return { choice: await chooseGemmPath(session, stages, variants), tuning: { source: 'trial' } };
  }
  const kept = await store.load(key);
  const reused = kept && (await reuse(session, { stages, variants, kept }));
  if (typeof reused === 'object') return { choice: reused, tuning: { source: 'cache' } };
  const choice = await chooseGemmPath(session, stages, variants);
  const { path, opsPerSecond } = choice;
  if (opsPerSecond > 0) await store.save(key, { label: path.variant.label, opsPerSecond });
  const tuning = reused === undefined ? {} : { cacheRefused: reused };
  return { choice, tuning: { source: 'trial', ...tuning } };
}

/** @returns the choice, or why it cannot be made again */
async function reuse(
  session: DeviceSession,
  parts: {
    readonly stages: Stages;
    readonly variants: readonly GemmVariant[];
    readonly kept: GemmTuning;
  },
): Promise<GemmChoice | string> {
  const { stages, variants, kept } = parts;
  const { label, opsPerSecond } = kept;
  const variant = variants.find((candidate) => candidate.label === label);
  if (!variant) return `expected one of the device's variants, got ${JSON.stringify(label)}`;
  try {
    const { path } = await chooseGemmPath(session, stages, [variant]);
    return { path, opsPerSecond, trials: [{ label, path: variant.path, opsPerSecond }] };
  } catch (error) {
    // Wrong now though right then: a trial of all finds what is right. A device that is gone is the end.
    if (session.endedBy || !(error instanceof KernelError)) throw error;
    return error.message;
  }
}
