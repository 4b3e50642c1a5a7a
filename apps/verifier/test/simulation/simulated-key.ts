import {
  CLEAN_EPOCHS_DEFAULT,
  isCleanEpoch,
  nextMissScore,
  nextStreak,
  quarantineEpochs,
  type Reputation,
} from '@tops/ledger';

/** QUARANTINE_EPOCHS by default. */
const QUARANTINE_EPOCHS = 60;

/** A key as the ledger would keep it: the same pure steps, without the storage. */
export class SimulatedKey {
  #accepted = 0;
  #rejected = 0;
  #missed = 0;
  #streakUnits = 0n;
  #missScore = 0;
  #probationEpochs = 0;
  #quarantinedUntilEpoch = 0;
  #settledUnits = 0n;
  #epoch = { accepted: 0, rejected: 0, units: 0n };

  get record(): Reputation & { readonly quarantinedUntilEpoch: number } {
    return {
      accepted: this.#accepted,
      streakUnits: this.#streakUnits,
      missScore: this.#missScore,
      probationEpochs: this.#probationEpochs,
      quarantinedUntilEpoch: this.#quarantinedUntilEpoch,
    };
  }

  get rejected(): number {
    return this.#rejected;
  }

  get missed(): number {
    return this.#missed;
  }

  /** Standing credit, that of the epoch under way included. */
  get creditedUnits(): bigint {
    return this.#settledUnits + this.#epoch.units;
  }

  isQuarantined(epochId: number): boolean {
    return epochId < this.#quarantinedUntilEpoch;
  }

  accept(units: bigint): void {
    this.#accepted++;
    this.#epoch.accepted++;
    this.#epoch.units += units;
    this.#streakUnits = nextStreak(this.#streakUnits, { outcome: 'accepted', units });
    this.#missScore = nextMissScore(this.#missScore, 'accepted');
  }

  miss(): void {
    this.#missed++;
    this.#streakUnits = nextStreak(this.#streakUnits, { outcome: 'missed' });
    this.#missScore = nextMissScore(this.#missScore, 'missed');
  }

  reject(epochId: number): void {
    const rejectedBefore = this.#rejected++;
    this.#epoch.rejected++;
    this.#accepted -= this.#epoch.accepted;
    this.#epoch.accepted = 0;
    this.#epoch.units = 0n;
    this.#streakUnits = nextStreak(this.#streakUnits, { outcome: 'rejected' });
    this.#quarantinedUntilEpoch =
      epochId + quarantineEpochs({ epochCount: QUARANTINE_EPOCHS, rejectedBefore });
    this.#probationEpochs = Math.max(this.#probationEpochs, CLEAN_EPOCHS_DEFAULT);
  }

  seal(epochId: number): void {
    const isPaid = epochId >= this.#quarantinedUntilEpoch && isCleanEpoch(this.#epoch);
    if (isPaid && this.#probationEpochs > 0) this.#probationEpochs--;
    this.#settledUnits += this.#epoch.units;
    this.#epoch = { accepted: 0, rejected: 0, units: 0n };
  }
}
