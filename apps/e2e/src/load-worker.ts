import { bytesToHex } from '@tops/crypto';
import type { Kernel } from '@tops/kernel-spec';
import {
  type Challenge,
  type ClientResult,
  NetworkError,
  type Shape,
  type VerifierClient,
} from '@tops/protocol';
import { type ManualAttempt, ManualWorker } from './manual-worker.ts';
import type { Dice } from './dice.ts';

/** How long one request is made again, at whichever verifier, before the test is over. */
const TRIES_MS = 60_000;

/** What the workers of one load were told, for a comparison with what the ledger holds. */
export class LoadBook {
  /** Epoch id → every beacon that any verifier named for it: there should be one. */
  readonly beacons = new Map<number, Set<string>>();
  /** Receipt id → its challenge, for what was answered 201 or 200. */
  readonly recorded = new Map<string, Challenge>();
  /** Receipt id → public key, for what was answered `accepted`. */
  readonly accepted = new Map<string, string>();
  /** Final refusals, by step and code. */
  readonly refusals = new Map<string, number>();
  /** Requests without an answer, or answered 503 or 429: made again. */
  retryCount = 0;
  /** Rivals for one nonce that were sent at the same time, and turned away as they should. */
  rivalCount = 0;

  /** One line of figures. */
  toString(): string {
    return (
      `${this.recorded.size} recorded, ${this.accepted.size} accepted, ${this.rivalCount} rivals refused, ` +
      `${this.retryCount} requests again, refused: ${JSON.stringify([...this.refusals])}`
    );
  }

  noteBeacon(epochId: number, beaconHex: string): void {
    const known = this.beacons.get(epochId) ?? new Set();
    this.beacons.set(epochId, known.add(beaconHex));
  }

  noteRefusal(name: string): void {
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
  }

  /** @throws Error when the receipt was challenged otherwise before. */
  noteChallenge(challenge: Challenge): void {
    const known = this.recorded.get(challenge.receipt_id) ?? challenge;
    if (JSON.stringify(known) !== JSON.stringify(challenge)) {
      throw new Error(
        `expected ${JSON.stringify(known)} again, got ${JSON.stringify(challenge)} for one receipt`,
      );
    }
    this.recorded.set(challenge.receipt_id, challenge);
  }
}

/**
 * An honest worker that takes nothing for granted: each request goes to any of the verifiers, is made again at any of them until
 * there is an answer, and now and then goes to two at once, as does a second receipt for the same nonce.
 */
export class LoadWorker {
  readonly #worker: ManualWorker;
  readonly #clients: () => readonly VerifierClient[];
  readonly #signal: AbortSignal;
  readonly #book: LoadBook;
  readonly #dice: Dice;

  constructor(
    options: {
      readonly shape: Shape;
      readonly clients: () => readonly VerifierClient[];
      /** Ends the load in the middle of whatever it does. */
      readonly signal: AbortSignal;
    },
    deps: {
      readonly book: LoadBook;
      readonly dice: Dice;
      readonly kernel: Pick<Kernel, 'computeLeaves'>;
    },
  ) {
    this.#worker = new ManualWorker(options.shape, deps.kernel);
    this.#clients = options.clients;
    this.#signal = options.signal;
    this.#book = deps.book;
    this.#dice = deps.dice;
  }

  get publicKeyHex(): string {
    return bytesToHex(this.#worker.keyPair.publicKey);
  }

  /** One receipt after the other until `isOver`; the last one is seen through to its verdict. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#one();
  }

  async #one(): Promise<void> {
    const epoch = await this.#ask((client) => client.getEpoch());
    if (!epoch.ok) {
      this.#book.noteRefusal(`epoch ${epoch.problem.code}`);
      return;
    }
    this.#book.noteBeacon(epoch.value.epoch_id, epoch.value.prev_hash_hex);
    const attempt = await this.#worker.attempt(epoch.value, new Set());
    const recorded = this.#dice.isBelow(0.1)
      ? await this.#submitWithRival(attempt)
      : await this.#submit(attempt);
    if (recorded !== undefined) await this.#answer(recorded.attempt, recorded.challenge);
  }

  async #submit(attempt: ManualAttempt) {
    const result = await this.#ask((client) => client.submitReceipt(attempt.receipt));
    if (!result.ok) {
      this.#book.noteRefusal(`commit ${result.problem.code}`);
      return undefined;
    }
    this.#book.noteChallenge(result.value);
    if (this.#dice.isBelow(0.1)) {
      const again = await this.#ask((client) => client.submitReceipt(attempt.receipt));
      if (again.ok) this.#book.noteChallenge(again.value);
      else this.#book.noteRefusal(`commit again ${again.problem.code}`);
    }
    return { attempt, challenge: result.value };
  }

  async #submitWithRival(attempt: ManualAttempt) {
    const both = [attempt, this.#worker.rivalOf(attempt)];
    const results = await Promise.all(
      both.map(async (each) => ({
        attempt: each,
        result: await this.#ask((client) => client.submitReceipt(each.receipt)),
      })),
    );
    let recorded: { attempt: ManualAttempt; challenge: Challenge } | undefined;
    for (const { attempt: each, result } of results) {
      if (result.ok) {
        if (recorded !== undefined) this.#book.noteRefusal('NONCE TAKEN TWICE');
        this.#book.noteChallenge(result.value);
        recorded = { attempt: each, challenge: result.value };
      } else if (result.problem.code === 'nonce_already_used') this.#book.rivalCount++;
      else this.#book.noteRefusal(`rival commit ${result.problem.code}`);
    }
    return recorded;
  }

  async #answer(attempt: ManualAttempt, challenge: Challenge): Promise<void> {
    const { receipt_id: receiptId } = challenge;
    const proof = attempt.prove(challenge);
    const sends = this.#dice.isBelow(0.2) ? 2 : 1;
    const verdicts = await Promise.all(
      Array.from({ length: sends }, () =>
        this.#ask((client) => client.submitProof(receiptId, proof)),
      ),
    );
    for (const verdict of verdicts) {
      if (verdict.ok) this.#book.accepted.set(receiptId, this.publicKeyHex);
      else this.#book.noteRefusal(`proof ${verdict.problem.code}`);
    }
  }

  /** Asks any verifier until one gives an answer that stands. */
  async #ask<T>(
    request: (client: VerifierClient) => Promise<ClientResult<T>>,
  ): Promise<ClientResult<T>> {
    const giveUpAt = performance.now() + TRIES_MS;
    for (;;) {
      this.#signal.throwIfAborted();
      const result = await request(this.#dice.pick(this.#clients())).catch((error: unknown) => {
        // Half an answer is no answer; a whole one that is not of the protocol is a fault.
        if (error instanceof NetworkError && error.code !== 'malformed_response') return undefined;
        throw error;
      });
      if (result !== undefined && (result.ok || !isPassing(result.status))) return result;
      if (performance.now() > giveUpAt) {
        const got = result === undefined ? 'no answer' : JSON.stringify(result);
        throw new Error(`expected an answer within ${TRIES_MS} ms, got ${got}`);
      }
      this.#book.retryCount++;
      await new Promise((resolve) => setTimeout(resolve, 20 + this.#dice.below(100)));
    }
  }
}

function isPassing(status: number): boolean {
  return status === 503 || status === 429;
}
