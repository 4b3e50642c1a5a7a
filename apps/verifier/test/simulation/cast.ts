import type { Behaviour, SimulatedWorkerOptions } from './simulated-worker.ts';

/** One of the workers that the rule is held against. */
export interface Role extends Omit<SimulatedWorkerOptions, 'seed'> {
  readonly name: string;
  readonly isCheat: boolean;
  /** Where its cheating begins; its figures are those from there on. */
  readonly cheatsFromEpoch: number;
}

/** 6 hours and 40 minutes of epochs of 60 s. */
export const EPOCH_COUNT = 400;
const HALF = EPOCH_COUNT / 2;
const ORDINARY_OPS = 2n ** 40n;
/** 50 ordinary receipts: about 0.9 TOPS over 60 s. */
const OPS_PER_EPOCH = 50n * ORDINARY_OPS;

const honest: Behaviour = {
  receiptOps: ORDINARY_OPS,
  skippedShare: 0,
  whenCaught: 'abandon',
  lostShare: 0,
  effort: 1,
};

function role(name: string, behaviour: Partial<Behaviour>, options: Partial<Role> = {}): Role {
  const isCheat = (behaviour.skippedShare ?? 0) > 0;
  return {
    name,
    isCheat,
    cheatsFromEpoch: 0,
    epochCount: EPOCH_COUNT,
    opsPerEpoch: OPS_PER_EPOCH,
    ...{ keyCount: 1, replacesKeys: false },
    behaviourIn: () => ({ ...honest, ...behaviour }),
    ...options,
  };
}

/** Works as `before` for half of the time, then cheats as `after`. */
function turncoat(
  name: string,
  before: Partial<Behaviour>,
  after: Partial<Behaviour>,
  options: Partial<Role> = {},
): Role {
  return role(name, after, {
    cheatsFromEpoch: HALF,
    behaviourIn: (epochId) => ({ ...honest, ...(epochId < HALF ? before : after) }),
    ...options,
  });
}

const answers = { whenCaught: 'answer' } as const;
/** A machine 256 times as large, which earns its trust with a small part of itself. */
const LARGE = { opsPerEpoch: 256n * OPS_PER_EPOCH };
const BIG_OPS = 256n * ORDINARY_OPS;
/** 2·4096·64·(64 + 64) ops, the least a verifier takes by default. */
const TINY_OPS = 2n ** 26n;

export const cast = {
  honest: role('honest', {}),
  flaky: role('flaky: loses 5 % of its answers', { lostShare: 0.05 }),
  lazyThousandth: role('lazy: skips 0.1 %, abandons when caught', { skippedShare: 0.001 }),
  lazyHundredth: role('lazy: skips 1 %, abandons', { skippedShare: 0.01 }),
  lazyTenth: role('lazy: skips 10 %, abandons', { skippedShare: 0.1 }),
  bluntThousandth: role('blunt: skips 0.1 %, answers anyway', { skippedShare: 0.001, ...answers }),
  bluntTenth: role('blunt: skips 10 %, answers anyway', { skippedShare: 0.1, ...answers }),
  ring: role(
    'ring: 128 keys, skips 1 %, answers, a new key for each one caught',
    { skippedShare: 0.01, ...answers },
    { keyCount: 128, replacesKeys: true },
  ),
  sleeper: turncoat('sleeper: honest, then skips 0.1 %, abandons', {}, { skippedShare: 0.001 }),
  sleeperLarge: turncoat(
    'sleeper: honest and small, then skips 1 % of receipts 256 times as large, abandons',
    { effort: 1 / 256 },
    { skippedShare: 0.01, receiptOps: BIG_OPS },
    LARGE,
  ),
  pennySaver: turncoat(
    'penny saver: honest in 100 tiny receipts an epoch, then skips 1 % of large ones, abandons',
    { receiptOps: TINY_OPS, effort: Number(100n * TINY_OPS) / Number(LARGE.opsPerEpoch) },
    { skippedShare: 0.01, receiptOps: BIG_OPS },
    LARGE,
  ),
} satisfies Record<string, Role>;
