import { LedgerError, type KeyRecord, type LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import type { AllowedBy } from '@tops/protocol';
import type { VerifierMetrics } from './metrics.ts';

export interface AllowListDeps {
  readonly ledger: Pick<LedgerStore, 'allowList'>;
  readonly logger: Logger;
  readonly metrics: VerifierMetrics;
}

/**
 * The keys that may submit receipts: those of VERIFY_PUBKEY, and those that operators allowed since, which all verifiers of a
 * ledger share. The ledger is asked whether the list changed with every round of the epoch clock, so that a receipt asks
 * nobody. Without VERIFY_PUBKEY registration is open: every key may, and what operators allow counts from the day it is set.
 */
export class AllowList {
  readonly #configured: ReadonlySet<string>;
  readonly #deps: AllowListDeps;
  #keys: ReadonlySet<string>;
  #version: number | undefined;
  /** The read that began last, whatever came of it. */
  #last: Promise<void> = Promise.resolve();
  /** The read that begins after it. */
  #next: Promise<void> | undefined;

  /** @param configured - VERIFY_PUBKEY, in lower-case hex. */
  constructor(configured: ReadonlySet<string>, deps: AllowListDeps) {
    this.#configured = configured;
    this.#deps = deps;
    this.#keys = configured;
  }

  get isOpen(): boolean {
    return this.#configured.size === 0;
  }

  /** As ReceiptContext.allowedKeys: empty when registration is open. */
  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  get configured(): ReadonlySet<string> {
    return this.#configured;
  }

  allowedBy(key: Pick<KeyRecord, 'publicKeyHex' | 'allowedAtMs'>): AllowedBy {
    if (this.isOpen) return 'open_registration';
    if (this.#configured.has(key.publicKeyHex)) return 'configuration';
    return key.allowedAtMs === undefined ? 'none' : 'act';
  }

  /**
   * Reads the list anew if it changed. Asked while it is being read, waits for that and reads once more, for all who asked
   * meanwhile: what was recorded before the call is known after it.
   *
   * @throws LedgerError
   */
  refresh(): Promise<void> {
    if (this.isOpen) return Promise.resolve();
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#last = reading.catch(() => undefined);
      return reading;
    });
    return this.#next;
  }

  /** As refresh; when the ledger does not answer, the list stays as it is until the next round. */
  async refreshQuietly(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'closed') return;
      this.#deps.metrics.errors.inc({ kind: 'ledger' });
      this.#deps.logger.error('allow-list not read', { error });
    }
  }

  async #read(): Promise<void> {
    const { version, keys } = await this.#deps.ledger.allowList(this.#version);
    if (keys !== undefined) this.#keys = new Set([...this.#configured, ...keys]);
    this.#version = version;
  }
}
