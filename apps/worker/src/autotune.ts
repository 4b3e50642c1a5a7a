import { randomBytes } from 'node:crypto';
import type { Kernel } from '@tops/kernel-spec';
import { shapeLimitsProblem, shapeOps, type Limits, type Shape } from '@tops/protocol';
import type { ShapeSpeed } from './autotune-record.ts';
import { fitsWeightLimit } from './presets.ts';
import { adaptRowCount, clampRowCount, rowCountMax, rowGranule } from './row-scaling.ts';
import type { Timing } from './timing.ts';

export interface AutotuneOptions {
  readonly targetMs: number;
  readonly presets: readonly Shape[];
  /** AUTOTUNE_DISABLE=1: the first preset exactly as written, m included, and no trials. */
  readonly isDisabled: boolean;
  /** Rows of the first trial; 64 for each thread keeps every core busy. */
  readonly trialRowCount: number;
}

export interface Trial extends ShapeSpeed {
  readonly gops: number;
}

export interface AutotuneDeps {
  readonly kernel: Pick<Kernel, 'commit'>;
  readonly timing: Timing;
  readonly onTrial: (trial: Trial) => void;
  /** Spares trials that an earlier process has made on the same device. Neither call rejects. */
  readonly speedCache?: SpeedCache;
}

export interface SpeedCache {
  load(): Promise<readonly ShapeSpeed[]>;
  save(speeds: readonly ShapeSpeed[]): Promise<void>;
}

/** The parts of a verifier's limits that choose a shape. */
export type ShapeLimits = Pick<Limits, 'min_rows' | 'max_weights' | 'epoch_seconds'>;

/** A trial shorter than this measures start-up, not speed. */
const trialMinMs = 50;
/** A later preset has to be this much faster: a tie goes to the operator's order. */
const betterRatio = 1.02;
/** Weight of the newest attempt in the running speed. */
const speedWeight = 0.1;
/** An attempt that takes more of its epoch than this leaves too little room to be started again in it. */
const epochShareMax = 0.5;

/** Chooses n and k by trial at start and keeps m at the target time afterwards. */
export class Autotuner {
  readonly #options: AutotuneOptions;
  readonly #deps: AutotuneDeps;
  readonly #trials = new Map<string, Trial>();
  #shape: Shape | undefined;
  #chosenFor: ShapeLimits | undefined;
  #rowsPerMs = 0;
  #isCacheRead = false;

  constructor(options: AutotuneOptions, deps: AutotuneDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * The shape of the next attempt; runs the trials it needs first.
   *
   * @returns undefined where the verifier takes none of the presets.
   * @throws KernelError of a trial, and AbortError.
   */
  async shapeFor(limits: ShapeLimits, signal: AbortSignal): Promise<Shape | undefined> {
    if (limits.min_rows > rowCountMax) return undefined;
    if (this.#options.isDisabled) return this.#fixedShape(limits);
    const shape = this.#shape;
    const isSettled = areSameLimits(this.#chosenFor, limits);
    if (shape !== undefined && isSettled && shape.m >= limits.min_rows) return shape;
    // First use, or a restarted verifier with other limits: other widths may be the better ones now.
    const targetMs = this.#targetMs(limits);
    const trials = await this.#runTrials(limits, signal);
    const trial = chooseTrial(trials, { limits, targetMs });
    if (trial === undefined) return undefined;
    this.#chosenFor = limits;
    const { n, k, rowsPerMs } = trial;
    // What attempts of these widths have taught since their trial stands.
    if (n !== shape?.n || k !== shape.k) this.#rowsPerMs = rowsPerMs;
    this.#shape = { m: clampRowCount(this.#rowsPerMs * targetMs, limits.min_rows), n, k };
    return this.#shape;
  }

  /** How long an attempt of this shape is likely to take; 0 before anything was measured. */
  expectedMs(shape: Shape): number {
    return this.#rowsPerMs > 0 ? shape.m / this.#rowsPerMs : 0;
  }

  /** Learns from a finished attempt. */
  observe(shape: Shape, measured: { readonly elapsedMs: number; readonly limits: ShapeLimits }) {
    if (measured.elapsedMs <= 0) return;
    const newest = shape.m / measured.elapsedMs;
    this.#rowsPerMs =
      this.#rowsPerMs === 0 ? newest : this.#rowsPerMs + speedWeight * (newest - this.#rowsPerMs);
    if (this.#options.isDisabled || this.#shape === undefined) return;
    const m = adaptRowCount({
      rowCount: this.#shape.m,
      rowsPerMs: this.#rowsPerMs,
      targetMs: this.#targetMs(measured.limits),
      minRows: measured.limits.min_rows,
    });
    if (m !== this.#shape.m) this.#shape = { ...this.#shape, m };
  }

  #targetMs(limits: ShapeLimits): number {
    return Math.min(this.#options.targetMs, limits.epoch_seconds * 1000 * epochShareMax);
  }

  #fixedShape(limits: ShapeLimits): Shape | undefined {
    const [shape] = this.#options.presets;
    if (shape === undefined) return undefined;
    return shapeLimitsProblem(shape, limits) === undefined ? shape : undefined;
  }

  /** Trials of the widths the verifier takes; each is run once in the life of the process, if no earlier one has. */
  async #runTrials(limits: ShapeLimits, signal: AbortSignal): Promise<readonly Trial[]> {
    await this.#readCache();
    const taken = this.#options.presets.filter((preset) => fitsWeightLimit(preset, limits));
    const untried = new Map(taken.map((preset) => [trialName(preset), preset]));
    for (const name of this.#trials.keys()) untried.delete(name);
    const fresh: Shape[] = [];
    for (const preset of untried.values()) fresh.push(await this.#warmUp(preset, signal));
    // Two rounds over all: the first trials of a process meet a cold compiler and whatever else starts up with it, and what
    // else runs on the machine only ever slows a trial down, so the better of the two is nearer the truth.
    const firstMs: number[] = [];
    for (const shape of fresh) firstMs.push(await this.#timeRows(shape, signal));
    for (const [i, shape] of fresh.entries()) {
      const bestMs = Math.min(firstMs[i] ?? Infinity, await this.#timeRows(shape, signal));
      const trial = trialOf({ n: shape.n, k: shape.k, rowsPerMs: shape.m / bestMs });
      this.#trials.set(trialName(shape), trial);
      this.#deps.onTrial(trial);
    }
    if (fresh.length > 0) await this.#deps.speedCache?.save([...this.#trials.values()]);
    return taken.flatMap((preset) => this.#trials.get(trialName(preset)) ?? []);
  }

  /** Once; of what it holds only the presets count. */
  async #readCache(): Promise<void> {
    if (this.#isCacheRead) return;
    const names = new Set(this.#options.presets.map(trialName));
    for (const speed of (await this.#deps.speedCache?.load()) ?? []) {
      if (names.has(trialName(speed))) this.#trials.set(trialName(speed), trialOf(speed));
    }
    this.#isCacheRead = true;
  }

  /** Makes the weights, warms the kernel up and finds how many rows take long enough to measure. Nothing of it counts. */
  async #warmUp({ n, k }: Shape, signal: AbortSignal): Promise<Shape> {
    let shape: Shape = { m: this.#options.trialRowCount, n, k };
    await this.#timeRows(shape, signal);
    for (;;) {
      const elapsedMs = await this.#timeRows(shape, signal);
      if (elapsedMs >= trialMinMs || shape.m >= rowCountMax) return shape;
      // Aim past the minimum, at most eightfold, so that a mismeasured short run does not start a long one.
      const growth = Math.min(8, Math.max(2, (1.5 * trialMinMs) / elapsedMs));
      shape = { ...shape, m: clampRowCount(shape.m * growth, rowGranule) };
    }
  }

  async #timeRows(shape: Shape, signal: AbortSignal): Promise<number> {
    const { kernel, timing } = this.#deps;
    const startedAtMs = timing.monotonicMs();
    await kernel.commit({ attemptKey: Uint8Array.from(randomBytes(32)), shape }, { signal });
    // A clock that has not moved must not make the speed infinite.
    return Math.max(0.01, timing.monotonicMs() - startedAtMs);
  }
}

/**
 * The fastest trial, by ops per second, of those the verifier takes whose smallest attempt is done within the target;
 * where none is, the one whose smallest attempt is done soonest. Near ties go to the earlier one.
 */
export function chooseTrial(
  trials: readonly Trial[],
  bounds: { readonly limits: ShapeLimits; readonly targetMs: number },
): Trial | undefined {
  const { limits, targetMs } = bounds;
  const smallestMs = (trial: Trial) => clampRowCount(0, limits.min_rows) / trial.rowsPerMs;
  const taken = trials.filter((trial) => fitsWeightLimit(trial, limits));
  const inTime = taken.filter((trial) => smallestMs(trial) <= targetMs);
  if (inTime.length > 0) return best(inTime, (trial) => trial.gops);
  return best(taken, (trial) => 1 / smallestMs(trial));
}

function trialOf({ n, k, rowsPerMs }: ShapeSpeed): Trial {
  const opsPerRow = Number(shapeOps({ m: 1, n, k }));
  return { n, k, rowsPerMs, gops: (rowsPerMs * opsPerRow) / 1e6 };
}

function trialName({ n, k }: Pick<Shape, 'n' | 'k'>): string {
  return `${n},${k}`;
}

function areSameLimits(left: ShapeLimits | undefined, right: ShapeLimits): boolean {
  return (
    left?.min_rows === right.min_rows &&
    left.max_weights === right.max_weights &&
    left.epoch_seconds === right.epoch_seconds
  );
}

function best(trials: readonly Trial[], score: (trial: Trial) => number): Trial | undefined {
  let leader: Trial | undefined;
  for (const trial of trials) {
    if (leader === undefined || score(trial) > score(leader) * betterRatio) leader = trial;
  }
  return leader;
}
