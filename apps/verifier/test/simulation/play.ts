import { cast, type Role } from './cast.ts';
import { SimulatedWorker, type Challenge } from './simulated-worker.ts';

/** Chosen once; any other gives figures within the noise of these. */
const SEED = 20_260_601;

/** How one role fared, from where its cheating begins. */
export interface Outcome {
  readonly role: Role;
  /** Ops credited for each op really done. */
  readonly creditPerWork: number;
  /** Ops credited for each op the machine could have done: idle in quarantine counts. */
  readonly creditPerMachine: number;
  readonly rejected: number;
  readonly missed: number;
  readonly keyCount: number;
  readonly challenges: readonly Challenge[];
}

export function play(role: Role, seed = SEED): Outcome {
  const worker = new SimulatedWorker({ ...role, seed });
  const { cheatsFromEpoch, epochCount } = role;
  const harvest = worker.run(cheatsFromEpoch > 0 ? [cheatsFromEpoch] : []).at(-1);
  const { workOps = 0, creditedOps = 0 } = harvest ?? {};
  const machineOps = Number(role.opsPerEpoch) * (epochCount - cheatsFromEpoch);
  return {
    role,
    creditPerWork: creditedOps / workOps,
    creditPerMachine: creditedOps / machineOps,
    ...{ rejected: worker.rejected, missed: worker.missed, keyCount: worker.keyCount },
    challenges: worker.challenges.filter(({ epochId }) => epochId >= cheatsFromEpoch),
  };
}

export type Play = Readonly<Record<keyof typeof cast, Outcome>>;

/** Every role once. */
export function playAll(): Play {
  const outcomes = Object.entries(cast).map(([name, role]) => [name, play(role)] as const);
  return Object.fromEntries(outcomes) as Play;
}
