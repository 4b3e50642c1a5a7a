import { FieldReader, jcs } from '@tops/protocol';
import { readSignedHead, signedHeadFields, type SignedHead } from './head.ts';
import type { EpochFields } from './archive-lines.ts';
import type { Report } from './finding.ts';

// Heads anchored outside: a file of JSON lines, one a sealed epoch, ids increasing. The same text is posted to a hook.

/** A head as it is anchored, without a line feed. */
export function anchorText(head: SignedHead): string {
  const { entry_count, epoch_id, head_hex, head_sig_hex } = head;
  const { ledger_root_hex, prev_hash_hex, verifier_key_hex } = head;
  return jcs({
    ...{ entry_count, epoch_id, head_hex, head_sig_hex, ledger_root_hex },
    ...{ prev_hash_hex, verifier_key_hex },
  });
}

/** @returns undefined for anything but the text of {@link anchorText}. */
export function parseAnchor(text: string): SignedHead | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = FieldReader.open(value, { required: signedHeadFields, unknown: 'refuse' });
  const result = fields.finish(() => undefined);
  if (!result.ok) return undefined;
  const head = readSignedHead(fields);
  return fields.isSound && anchorText(head) === text ? head : undefined;
}

/** What was compared, and how far the anchors go. */
export interface AnchorSummary {
  readonly comparedCount: number;
  /** Absent when there is no anchor. */
  readonly lastEpochId?: number;
}

/**
 * Compares archived epochs with anchored heads, both in order of id, so that neither has to be held. Ids that the anchors
 * leave out are not compared; an anchored epoch that the archive leaves out is a finding.
 */
export class AnchorComparison {
  readonly #anchors: AsyncIterator<string>;
  readonly #report: Report;
  #next: SignedHead | undefined;
  #ended = false;
  #lastId = -1;
  #lineNumber = 0;
  #begun = false;
  #comparedCount = 0;

  /** @param anchors - the lines of an anchor file. */
  constructor(anchors: AsyncIterable<string>, report: Report) {
    this.#anchors = anchors[Symbol.asyncIterator]();
    this.#report = report;
  }

  async take(epoch: EpochFields): Promise<void> {
    if (this.#next === undefined) await this.#advance();
    while (this.#next !== undefined && this.#next.epoch_id < epoch.epoch_id) {
      // Before the archive's first epoch anchors may name what they like; after it every epoch has to be there.
      if (this.#begun) {
        const detail = `expected epoch ${this.#next.epoch_id}, whose head is anchored, got ${epoch.epoch_id}`;
        this.#report({ code: 'anchor_mismatch', field: 'epoch_id', detail });
      }
      await this.#advance();
    }
    this.#begun = true;
    if (this.#next?.epoch_id !== epoch.epoch_id) return;
    this.#comparedCount++;
    for (const field of ['head_hex', 'ledger_root_hex', 'prev_hash_hex', 'entry_count'] as const) {
      if (this.#next[field] === epoch[field]) continue;
      const detail = `expected ${this.#next[field]} as anchored, got ${epoch[field]}`;
      this.#report({ code: 'anchor_mismatch', field, detail });
    }
    await this.#advance();
  }

  /** Reads the anchors to their end. Those after the last archived epoch are no finding: archives may end where they like. */
  async finish(): Promise<AnchorSummary> {
    while (!this.#ended) await this.#advance();
    if (this.#comparedCount === 0) {
      const detail = 'expected at least one anchored head of these epochs, got none';
      this.#report({ code: 'anchor_missing', field: 'anchors', detail });
    }
    return {
      comparedCount: this.#comparedCount,
      ...(this.#lastId < 0 ? {} : { lastEpochId: this.#lastId }),
    };
  }

  async #advance(): Promise<void> {
    this.#next = undefined;
    while (!this.#ended && this.#next === undefined) {
      const { done, value } = await this.#anchors.next();
      if (done === true) {
        this.#ended = true;
        return;
      }
      this.#lineNumber++;
      const head = parseAnchor(value);
      if (head === undefined || head.epoch_id <= this.#lastId) {
        const detail = `expected line ${this.#lineNumber} of the anchors as the head of an epoch after ${this.#lastId}, got another text`;
        this.#report({ code: 'anchor_mismatch', field: 'anchors', detail });
        continue;
      }
      this.#lastId = head.epoch_id;
      this.#next = head;
    }
  }
}
