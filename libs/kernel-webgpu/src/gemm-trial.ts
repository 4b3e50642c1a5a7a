/// <reference types="@webgpu/types" />
import { KernelError } from '@tops/kernel-spec';
import type { DeviceSession } from './device/device-session.ts';
import { gemmAnswers, requireGemmAnswer } from './gemm-answer.ts';
import { GemmPath, type GemmVariant } from './gemm-path.ts';
import {
  LONG_ENOUGH_SECONDS,
  createLayerBuffers,
  destroyAll,
  fillOperands,
  timeLayer,
} from './layer-timer.ts';
import type { Stages } from './stages.ts';

/** What became of one variant: its speed, or why it was dropped. */
export interface GemmTrial {
  readonly label: string;
  readonly path: string;
  /** Ops of the layer alone a second, 0 where it was not timed. */
  readonly opsPerSecond: number;
  readonly droppedBecause?: string;
}

export interface GemmChoice {
  readonly path: GemmPath;
  readonly trials: readonly GemmTrial[];
  /** Of the chosen path at the largest size tried; 0 without a trial. */
  readonly opsPerSecond: number;
}

/** Tried in turn until the fastest variant takes long enough to be timed. */
const trialSizes = [
  { rowCount: 256, columnCount: 256, depth: 256 },
  { rowCount: 1024, columnCount: 512, depth: 512 },
  { rowCount: 4096, columnCount: 1024, depth: 1024 },
  { rowCount: 16_384, columnCount: 2048, depth: 2048 },
] as const;
/** A variant this many times slower than the best is not tried on larger sizes. */
const HOPELESS_FACTOR = 4;

/** Any will do: it takes no part in the time. */
const TRIAL_SHIFT = 10;

/**
 * Compiles the variants, drops those that fail or get a known answer wrong, and times the rest against each other. A
 * single variant is not timed.
 *
 * @throws KernelError `self_test_failed` when none is left; `device_lost`, `out_of_memory`
 */
export async function chooseGemmPath(
  session: DeviceSession,
  stages: Stages,
  variants: readonly GemmVariant[],
): Promise<GemmChoice> {
  const dropped: GemmTrial[] = [];
  const usable: GemmPath[] = [];
  const answers = gemmAnswers(session.adapter.isSoftware);
  for (const variant of variants) {
    const { label, path } = variant;
    try {
      const compiled = await GemmPath.compile(session, variant);
      for (const answer of answers) await requireGemmAnswer(session, compiled, answer);
      usable.push(compiled);
    } catch (error) {
      // A variant the device refuses is one less; a device that is gone is the end.
      if (session.endedBy || !(error instanceof KernelError)) throw error;
      dropped.push({ label, path, opsPerSecond: 0, droppedBecause: error.message });
    }
  }
  const [only] = usable;
  if (!only) {
    const reasons = dropped.map(({ label, droppedBecause }) => `${label}: ${droppedBecause}`);
    const why = reasons.join('; ') || 'the device offers none of those asked for';
    throw new KernelError('self_test_failed', `no GEMM path is usable: ${why}`);
  }
  if (usable.length === 1) {
    const { label, path } = only.variant;
    const trials = [{ label, path, opsPerSecond: 0 }, ...dropped];
    return { path: only, trials, opsPerSecond: 0 };
  }
  const rates = await race(session, stages, usable);
  const ranked = [...rates].sort(([, a], [, b]) => b - a);
  const [path, opsPerSecond] = ranked[0] ?? [only, 0];
  const timed = ranked.map(([{ variant }, rate]) => ({
    label: variant.label,
    path: variant.path,
    opsPerSecond: rate,
  }));
  return { path, opsPerSecond, trials: [...timed, ...dropped] };
}

/** Ops a second of every path, at the largest size it was tried on. */
async function race(
  session: DeviceSession,
  stages: Stages,
  paths: readonly GemmPath[],
): Promise<Map<GemmPath, number>> {
  const rates = new Map<GemmPath, number>();
  let contenders = paths;
  for (const size of trialSizes) {
    const ops = 2 * size.rowCount * size.columnCount * size.depth;
    const buffers = await createLayerBuffers(session, size);
    let fastestSeconds = Infinity;
    try {
      await fillOperands(session, stages, buffers, size);
      for (const path of contenders) {
        const seconds = await timeLayer(session, path, buffers, { ...size, shift: TRIAL_SHIFT });
        rates.set(path, ops / seconds);
        fastestSeconds = Math.min(fastestSeconds, seconds);
      }
    } finally {
      destroyAll(Object.values(buffers));
    }
    if (fastestSeconds >= LONG_ENOUGH_SECONDS) break;
    const bar = ops / fastestSeconds / HOPELESS_FACTOR;
    contenders = contenders.filter((path) => (rates.get(path) ?? 0) > bar);
    // The survivors are compared on the next size only: small sizes flatter nobody evenly.
    for (const path of rates.keys()) if (!contenders.includes(path)) rates.set(path, 0);
  }
  return rates;
}
