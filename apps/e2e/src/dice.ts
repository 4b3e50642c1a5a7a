import { seededBytes } from '@tops/testing';

/** Random choices of a test, all from one seed that is printed: a failure can be repeated, as far as timing allows. */
export class Dice {
  readonly #seed: number;
  #rollCount = 0;

  private constructor(seed: number) {
    this.#seed = seed;
  }

  /** A fresh seed a run, or E2E_SEED. */
  static print(name: string): Dice {
    const seed = Number(process.env['E2E_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));
    process.stderr.write(`${name}: seed ${seed} (repeat with E2E_SEED=${seed})\n`);
    return new Dice(seed);
  }

  /** Dice of one's own, so that others' rolls do not change these. */
  derive(index: number): Dice {
    return new Dice((this.#seed + Math.imul(index + 1, 0x9e3779b9)) >>> 0);
  }

  /** An integer from 0 up to, not including, `max`. */
  below(max: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = seededBytes(
      this.#seed ^ Math.imul(++this.#rollCount, 0x85ebca6b),
      4,
    );
    return Math.floor(((a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) / 2 ** 32) * max);
  }

  isBelow(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('expected something to pick from, got nothing');
    return item;
  }
}
