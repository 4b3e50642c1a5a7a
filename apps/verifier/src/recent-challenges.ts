import type { ReceiptRecord } from '@tops/ledger';
import type { ParsedReceipt } from '@tops/protocol';

/** A challenge given out lately: the record as the ledger answered it, and the receipt taken apart. */
export interface RecentChallenge {
  readonly record: ReceiptRecord;
  readonly parsed: ParsedReceipt;
}

/**
 * Challenges whose answer will come any moment, so that a proof costs neither a read of the ledger nor taking the receipt
 * apart again. Bounded, the oldest go first; what is not here is read from the ledger.
 *
 * A record here says that its receipt was open when it was given out. Whoever uses it lets the ledger settle, which knows
 * better; whoever settles forgets it here.
 */
export class RecentChallenges {
  readonly #capacity: number;
  readonly #byId = new Map<string, RecentChallenge>();

  constructor(options: { readonly capacity: number }) {
    this.#capacity = options.capacity;
  }

  get size(): number {
    return this.#byId.size;
  }

  remember(challenge: RecentChallenge): void {
    this.#byId.set(challenge.record.receiptId, challenge);
    if (this.#byId.size <= this.#capacity) return;
    for (const oldest of this.#byId.keys()) {
      this.#byId.delete(oldest);
      break;
    }
  }

  get(receiptId: string): RecentChallenge | undefined {
    return this.#byId.get(receiptId);
  }

  forget(receiptId: string): void {
    this.#byId.delete(receiptId);
  }

  /** For a key that was proven wrong: all of its open challenges are revoked. */
  forgetKey(publicKeyHex: string): void {
    for (const [receiptId, { record }] of this.#byId) {
      if (record.publicKeyHex === publicKeyHex) this.#byId.delete(receiptId);
    }
  }

  forgetEnded(nowMs: number): void {
    for (const [receiptId, { record }] of this.#byId) {
      if (record.deadlineAtMs < nowMs) this.#byId.delete(receiptId);
    }
  }
}
