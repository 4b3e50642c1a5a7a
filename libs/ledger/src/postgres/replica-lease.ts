import type { Database, Session } from './database.ts';
import { forgetReplica, renewHeartbeat, REPLICA_TTL_MS, reportSweep } from './expiry.ts';

/** Says to the other replicas that this one is alive, from its first sweep of deadlines on: they wait for its answers in flight. */
export class ReplicaLease {
  readonly #replicaId: string;
  readonly #write: <T>(action: (session: Session) => Promise<T>) => Promise<T>;
  /** By performance.now; undefined while this replica takes no answers. */
  #renewedAt: number | undefined;

  constructor(
    { replicaId }: { readonly replicaId: string },
    { write }: { readonly write: <T>(action: (session: Session) => Promise<T>) => Promise<T> },
  ) {
    this.#replicaId = replicaId;
    this.#write = write;
  }

  async reportSweep(input: {
    readonly nowMs: number;
    readonly answersInFlight: ReadonlyMap<string, number>;
  }): Promise<void> {
    const replicaId = this.#replicaId;
    await this.#write((session) => reportSweep(session, { replicaId, ...input }));
    this.#renewedAt = performance.now();
  }

  /** Where one call lasts longer than a lease. */
  async renew(): Promise<void> {
    const now = performance.now();
    if (this.#renewedAt === undefined || now - this.#renewedAt < REPLICA_TTL_MS / 3) return;
    this.#renewedAt = now;
    await this.#write((session) => renewHeartbeat(session, this.#replicaId));
  }

  /** Else the others wait for it until it counts as gone; where the database is, nobody waits. */
  async release(database: Database): Promise<void> {
    if (this.#renewedAt === undefined) return;
    await database
      .transaction((session) => forgetReplica(session, this.#replicaId))
      .catch(() => undefined);
  }
}
