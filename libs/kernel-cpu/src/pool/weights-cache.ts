import { KernelError } from '@tops/kernel-spec';
import { NO_LEVELS, placeBytes, type WeightsLevels, type WeightsPlace } from '../wasm/layout.ts';

/** Room for weights: the WebAssembly memory, or the native addon's. */
export interface WeightsArena {
  readonly isEmpty: boolean;
  /**
   * @returns an address that is nobody else's, or undefined when everything held would exceed `limitBytes`
   * @throws KernelError `out_of_memory`
   */
  allocate(byteLength: number, limitBytes: number): number | undefined;
  release(address: number): void;
}

/** A place in use; `release` exactly once. */
export interface WeightsLease {
  readonly place: WeightsPlace;
  release(): void;
}

export interface WantedWeights {
  readonly n: number;
  readonly k: number;
  /** How the weights have to be packed; default: whatever is there, else without levels. */
  readonly levels?: WeightsLevels;
}

interface Entry {
  readonly place: WeightsPlace;
  readonly ready: Promise<void>;
  userCount: number;
  hasFailed: boolean;
}

/**
 * Packed weights by (n, k), made once and kept, least recently used first to go. All weights are prefixes of two
 * infinite matrices, so an entry also serves every smaller shape.
 *
 * Entries together stay below `limitBytes`; a shape that alone needs more gets its place when nothing else is held.
 */
export class WeightsCache {
  readonly #limitBytes: number;
  readonly #arena: WeightsArena;
  readonly #bytesOf: (place: Omit<WeightsPlace, 'address'>) => number;
  readonly #pack: (place: WeightsPlace) => Promise<void>;
  /** Least recently used first. */
  #entries: Entry[] = [];
  #waiting: (() => void)[] = [];

  /**
   * @param dependencies - `pack` fills a place with its weights; it must not settle while a thread still writes there.
   *   `bytesOf` says what a place takes, by default in the WebAssembly memory
   */
  constructor(
    options: { readonly threadCount: number; readonly limitBytes: number },
    dependencies: {
      readonly arena: WeightsArena;
      readonly pack: (place: WeightsPlace) => Promise<void>;
      readonly bytesOf?: (place: Omit<WeightsPlace, 'address'>) => number;
    },
  ) {
    const { threadCount } = options;
    this.#bytesOf = dependencies.bytesOf ?? ((place) => placeBytes(place, threadCount));
    this.#limitBytes = options.limitBytes;
    this.#arena = dependencies.arena;
    this.#pack = dependencies.pack;
  }

  /**
   * Weights for (n, k), packed: for whole attempts with the levels given, else with any.
   *
   * @throws KernelError `out_of_memory`, `aborted`, or what packing failed with
   */
  async acquire(wanted: WantedWeights, signal?: AbortSignal): Promise<WeightsLease> {
    for (;;) {
      if (signal?.aborted) throw abortedError(signal);
      const entry =
        this.#entries.find((candidate) => serves(candidate, wanted)) ?? this.#create(wanted);
      if (entry) return this.#lease(entry, signal);
      await this.#someRelease(signal);
    }
  }

  async #lease(entry: Entry, signal?: AbortSignal): Promise<WeightsLease> {
    this.#entries = [...this.#entries.filter((other) => other !== entry), entry];
    entry.userCount++;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      entry.userCount--;
      if (entry.hasFailed && entry.userCount === 0) this.#drop(entry);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    };
    try {
      // Packing goes on after an abort: the weights are of use to the next attempt.
      await Promise.race([entry.ready, rejectOnAbort(signal)]);
    } catch (error) {
      release();
      throw error;
    }
    return { place: entry.place, release };
  }

  /** Undefined when the room is taken by entries in use. */
  #create({ n, k, levels = NO_LEVELS }: WantedWeights): Entry | undefined {
    const byteLength = this.#bytesOf({ n, k, levels });
    let address = this.#arena.allocate(byteLength, this.#limitBytes);
    while (address === undefined) {
      const idle = this.#entries.find(({ userCount }) => userCount === 0);
      if (idle) {
        this.#drop(idle);
        address = this.#arena.allocate(byteLength, this.#limitBytes);
      } else if (this.#arena.isEmpty) {
        address = this.#arena.allocate(byteLength, byteLength);
        if (address === undefined) {
          throw new KernelError('out_of_memory', `operands need ${byteLength} bytes`);
        }
      } else {
        return undefined;
      }
    }
    const place = { n, k, levels, address };
    const entry: Entry = { place, ready: this.#pack(place), userCount: 0, hasFailed: false };
    entry.ready.catch(() => {
      entry.hasFailed = true;
      if (entry.userCount === 0) this.#drop(entry);
    });
    this.#entries.push(entry);
    return entry;
  }

  #drop(entry: Entry): void {
    if (!this.#entries.includes(entry)) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#arena.release(entry.place.address);
  }

  async #someRelease(signal?: AbortSignal): Promise<void> {
    const release = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    await Promise.race([release, rejectOnAbort(signal)]);
  }
}

/** Without levels all weights are prefixes of two infinite matrices; with them a place is good for its own shape only. */
function serves({ place, hasFailed }: Entry, { n, k, levels }: WantedWeights): boolean {
  if (hasFailed) return false;
  if (levels && !equalLevels(place.levels, levels)) return false;
  if (place.n === n && place.k === k) return true;
  return place.n >= n && place.k >= k && equalLevels(place.levels, NO_LEVELS);
}

function equalLevels(one: WeightsLevels, other: WeightsLevels): boolean {
  return one.layer1 === other.layer1 && one.layer2 === other.layer2;
}

function abortedError(signal: AbortSignal): KernelError {
  return new KernelError('aborted', 'the attempt was aborted', { cause: signal.reason });
}

/** Never settles without an abort, so it is only of use in a race. */
function rejectOnAbort(signal?: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (!signal) return;
    const onAbort = (): void => {
      reject(abortedError(signal));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
