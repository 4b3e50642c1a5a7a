import { bytesToHex, hexToBytes } from '@tops/crypto';
import type { EpochFields } from './archive-lines.ts';
import { INITIAL_HASH, nextHead, nextPrevHash } from './epoch-chain.ts';
import type { Report } from './finding.ts';
import { verifyHead, type SignedHead } from './head.ts';

const initialHex = bytesToHex(INITIAL_HASH);
/** Heads kept for the beacons to come; an honest verifier's beacon uses one of the last few. */
const HEADS_MAX = 65_536;

/** Follows beacons, heads and their signatures from epoch to epoch, over any number of archives in a row. */
export class ChainAudit {
  readonly #verifierKeys: ReadonlySet<string>;
  readonly #report: Report;
  #last: SignedHead | undefined;
  #lastSealedAtOpening: number | undefined;
  /** Epoch id → head. */
  readonly #heads = new Map<number, string>();
  /** Keys seen last and before that: a challenge may be older than the signature on its epoch's head. */
  readonly #recentKeys: string[] = [];

  /** @param options - verifierKeys: hex; empty takes whatever key the archive names. */
  constructor(options: { readonly verifierKeys: readonly string[] }, report: Report) {
    this.#verifierKeys = new Set(options.verifierKeys);
    this.#report = report;
  }

  /** The latest epoch followed. */
  get last(): SignedHead | undefined {
    return this.#last;
  }

  /** Newest first, two at most. */
  get recentKeys(): readonly string[] {
    return this.#recentKeys;
  }

  /** Takes the state an archive starts from; after another archive, it has to be where that one ended. */
  start(anchors: readonly SignedHead[]): void {
    const before = this.#last;
    if (before === undefined) {
      for (const [index, anchor] of anchors.entries()) this.#takeAnchor(anchor, index);
      return;
    }
    const got = anchors.at(-1);
    const follows =
      got?.epoch_id === before.epoch_id &&
      got.head_hex === before.head_hex &&
      got.prev_hash_hex === before.prev_hash_hex;
    if (!follows) {
      this.#report({
        code: 'epoch_order',
        field: 'anchors',
        detail: `expected an archive that follows epoch ${before.epoch_id} and its head, got one after ${got === undefined ? 'nothing' : `epoch ${got.epoch_id}`}`,
      });
      // From here on it is held against what it claims itself.
      this.#last = undefined;
      this.#lastSealedAtOpening = undefined;
      for (const [index, anchor] of anchors.entries()) this.#takeAnchor(anchor, index);
      return;
    }
    for (const [index, anchor] of anchors.entries()) {
      const known = this.#heads.get(anchor.epoch_id);
      if (known !== undefined && known !== anchor.head_hex) {
        const field = `anchors[${index}].head_hex`;
        this.#report({ code: 'head_mismatch', field, detail: expected(known, anchor.head_hex) });
      }
      this.#requireSigned(anchor, `anchors[${index}].`);
    }
  }

  /** Checks everything of an epoch that needs none of its receipts. */
  take(epoch: EpochFields): void {
    this.#requireOrder(epoch);
    this.#requireTimes(epoch);
    this.#requireBeacon(epoch);
    this.#requireHead(epoch, '');
    this.#requireSigned(epoch, '');
    this.#remember(epoch);
    const { sealed_at_opening_epoch_id: sealedId } = epoch;
    this.#lastSealedAtOpening = sealedId ?? this.#lastSealedAtOpening;
    for (const id of this.#heads.keys()) {
      if (sealedId === undefined || id >= sealedId) break;
      this.#heads.delete(id);
    }
  }

  #takeAnchor(anchor: SignedHead, index: number): void {
    const prefix = `anchors[${index}].`;
    if (this.#last !== undefined) {
      if (anchor.epoch_id <= this.#last.epoch_id) {
        const detail = `expected an epoch after ${this.#last.epoch_id}, got ${anchor.epoch_id}`;
        this.#report({ code: 'epoch_order', field: `${prefix}epoch_id`, detail });
      }
      this.#requireHead(anchor, prefix);
    }
    this.#requireSigned(anchor, prefix);
    this.#remember(anchor);
  }

  #remember(head: SignedHead): void {
    this.#last = head;
    this.#heads.set(head.epoch_id, head.head_hex);
    if (this.#heads.size > HEADS_MAX) {
      const [oldest] = this.#heads.keys();
      if (oldest !== undefined) this.#heads.delete(oldest);
    }
    if (this.#recentKeys[0] === head.verifier_key_hex) return;
    this.#recentKeys.unshift(head.verifier_key_hex);
    this.#recentKeys.length = Math.min(this.#recentKeys.length, 2);
  }

  #requireOrder(epoch: EpochFields): void {
    const last = this.#last;
    const { epoch_id: id, previous_epoch_id: previous, sealed_at_opening_epoch_id: sealed } = epoch;
    const refuse = (field: string, detail: string) => {
      this.#report({ code: 'epoch_order', field, detail });
    };
    if (last !== undefined && id <= last.epoch_id) {
      refuse('epoch_id', `expected an epoch after ${last.epoch_id}, got ${id}`);
    }
    if (previous !== last?.epoch_id) {
      refuse(
        'previous_epoch_id',
        `expected ${last?.epoch_id ?? 'none'}, got ${previous ?? 'none'}`,
      );
    }
    const atLeast = this.#lastSealedAtOpening;
    if (sealed === undefined ? atLeast !== undefined : sealed < (atLeast ?? 0) || sealed >= id) {
      const detail = `expected an epoch from ${atLeast ?? 'none'} to before ${id}, got ${sealed ?? 'none'}`;
      refuse('sealed_at_opening_epoch_id', detail);
    }
  }

  /** The id is the number of the interval since 1970 (docs/protocol.md), which ties both times to it. */
  #requireTimes({ epoch_id: id, opens_at, closes_at }: EpochFields): void {
    const lengthMs = closes_at - opens_at;
    if (lengthMs > 0 && opens_at === id * lengthMs) return;
    const detail = `expected opens_at as ${id} times the epoch's length, got ${opens_at} and closes_at ${closes_at}`;
    this.#report({ code: 'epoch_times', field: 'opens_at', detail });
  }

  #requireBeacon(epoch: EpochFields): void {
    const { sealed_at_opening_epoch_id: sealedId } = epoch;
    const latestHead = sealedId === undefined ? initialHex : this.#heads.get(sealedId);
    if (latestHead === undefined) {
      const detail = `expected an epoch whose head is known here, got ${sealedId}`;
      this.#report({ code: 'epoch_order', field: 'sealed_at_opening_epoch_id', detail });
      return;
    }
    const computed = nextPrevHash({
      previousPrevHash: hexToBytes(this.#last?.prev_hash_hex ?? initialHex),
      latestHead: hexToBytes(latestHead),
      epochId: epoch.epoch_id,
      entropy: hexToBytes(epoch.entropy_hex),
    });
    const computedHex = bytesToHex(computed);
    if (computedHex === epoch.prev_hash_hex) return;
    const detail = expected(computedHex, epoch.prev_hash_hex);
    this.#report({ code: 'beacon_mismatch', field: 'prev_hash_hex', detail });
  }

  #requireHead(head: SignedHead, prefix: string): void {
    const computed = nextHead({
      previousHead: hexToBytes(this.#last?.head_hex ?? initialHex),
      epochId: head.epoch_id,
      entryCount: head.entry_count,
      ledgerRoot: hexToBytes(head.ledger_root_hex),
    });
    const computedHex = bytesToHex(computed);
    if (computedHex === head.head_hex) return;
    const detail = expected(computedHex, head.head_hex);
    this.#report({ code: 'head_mismatch', field: `${prefix}head_hex`, detail });
  }

  #requireSigned(head: SignedHead, prefix: string): void {
    if (this.#verifierKeys.size > 0 && !this.#verifierKeys.has(head.verifier_key_hex)) {
      const detail = expected([...this.#verifierKeys].join(' or '), head.verifier_key_hex);
      this.#report({
        code: 'verifier_key_mismatch',
        field: `${prefix}verifier_key_hex`,
        detail,
      });
    }
    if (verifyHead(head)) return;
    const detail = 'expected a signature of verifier_key_hex over this head, got another';
    this.#report({ code: 'head_signature_invalid', field: `${prefix}head_sig_hex`, detail });
  }
}

function expected(wanted: string, got: string): string {
  return `expected ${wanted}, got ${got}`;
}
