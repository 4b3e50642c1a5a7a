import { blake3, bytesToHex } from '@tops/crypto';
import { type Receipt, parseReceipt, shapeOps } from '@tops/protocol';
import type { LoadBook } from './load-worker.ts';
import { type Entry, getJson, replayLedger } from './replay-ledger.ts';

/** A receipt as GET /v1/receipts/{id} gives it. */
export interface StoredReceipt {
  readonly receipt_id: string;
  readonly receipt: Receipt;
  readonly outcome: string;
  readonly credited_ops: string;
}

/** What a ledger says after a load, read over HTTP by somebody who believes nothing. */
export interface LedgerFindings {
  readonly entryCount: number;
  readonly latestSealedId: number;
  /** Receipts the client saw accepted and the ledger has not, and the other way round. */
  readonly acceptedOnlyAtClient: readonly string[];
  readonly acceptedOnlyInLedger: readonly string[];
  /** Receipts answered with a challenge that are no entry. */
  readonly lost: readonly string[];
  readonly noncesTwice: readonly string[];
  /** Whatever else is wrong, in words. */
  readonly faults: readonly string[];
}

const SEAL_MS_MAX = 90_000;

/** Resolves once the verifier says that the epoch is sealed. */
export async function untilSealed(baseUrl: string, epochId: number): Promise<void> {
  const deadline = Date.now() + SEAL_MS_MAX;
  for (;;) {
    const epoch = await getJson<{ sealed: boolean }>(`${baseUrl}/v1/epochs/${epochId}`);
    if (epoch.sealed) return;
    if (Date.now() > deadline) throw new Error(`epoch ${epochId} was not sealed in time`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Receipts looked up at the same time. */
const LOOKUPS = 16;

/**
 * Replays the history that each of the verifiers publishes and compares it, receipt by receipt, with what the load's clients
 * were told. Every epoch of the load has to be sealed.
 */
export async function auditLedger(
  baseUrls: readonly string[],
  book: LoadBook,
): Promise<LedgerFindings> {
  const replays = await Promise.all(baseUrls.map(replayLedger));
  const [first] = replays;
  if (first === undefined) throw new RangeError('expected a verifier, got none');
  const faults: string[] = [];
  if (replays.some((other) => JSON.stringify(other) !== JSON.stringify(first))) {
    faults.push('the verifiers publish different histories');
  }
  const { entries } = first;
  const stored = await lookUpAll(
    baseUrls,
    entries.map((entry) => entry.receipt_id),
  );
  faults.push(...findEntryFaults(entries, stored), ...findBeaconFaults(book, first.beacons));
  faults.push(...(await findCreditFaults(baseUrls, entries, stored)));
  const ids = new Set(entries.map((entry) => entry.receipt_id));
  const accepted = new Set(
    entries.filter(({ outcome }) => outcome === 'accepted').map((entry) => entry.receipt_id),
  );
  return {
    entryCount: entries.length,
    latestSealedId: first.latestSealedId,
    acceptedOnlyAtClient: [...book.accepted.keys()].filter((id) => !accepted.has(id)),
    acceptedOnlyInLedger: [...accepted].filter((id) => !book.accepted.has(id)),
    lost: [...book.recorded.keys()].filter((id) => !ids.has(id)),
    noncesTwice: findTwice(
      stored.map(({ receipt }) => `${receipt.epoch_id} ${receipt.public_key_hex} ${receipt.nonce}`),
    ),
    faults,
  };
}

/** The receipts as the verifiers tell them, in order. @throws Error when one is not there. */
export async function lookUpAll(
  baseUrls: readonly string[],
  receiptIds: readonly string[],
): Promise<StoredReceipt[]> {
  const stored: StoredReceipt[] = [];
  let next = 0;
  const lookUp = async (): Promise<void> => {
    for (let i = next++; i < receiptIds.length; i = next++) {
      const url = `${baseUrls[i % baseUrls.length]}/v1/receipts/${receiptIds[i]}`;
      stored[i] = await getJson<StoredReceipt>(url);
    }
  };
  await Promise.all(Array.from({ length: LOOKUPS }, lookUp));
  return stored;
}

function findEntryFaults(
  entries: readonly Entry[],
  stored: readonly StoredReceipt[],
): readonly string[] {
  const faults = findTwice(entries.map((entry) => entry.receipt_id)).map(
    (id) => `receipt ${id} is an entry twice`,
  );
  entries.forEach((entry, i) => {
    const found = stored[i];
    const parsed = parseReceipt(found?.receipt);
    const ops = parsed.ok ? shapeOps(parsed.value.receipt.sizes).toString() : 'unknown';
    const expected = entry.outcome === 'accepted' ? ops : '0';
    if (!parsed.ok || bytesToHex(blake3(parsed.value.signedBytes)) !== entry.receipt_id) {
      faults.push(`receipt ${entry.receipt_id} is not what its id says`);
    }
    if (found?.outcome !== entry.outcome || found.credited_ops !== entry.credited_ops) {
      faults.push(`receipt ${entry.receipt_id} and its entry differ`);
    }
    if (entry.credited_ops !== expected) {
      faults.push(`entry ${entry.receipt_id}: expected ${expected} ops, got ${entry.credited_ops}`);
    }
  });
  return faults;
}

/** Every key's credit is the sum of its accepted entries, in all and in each epoch. */
async function findCreditFaults(
  baseUrls: readonly string[],
  entries: readonly Entry[],
  stored: readonly StoredReceipt[],
): Promise<string[]> {
  const expected = new Map<string, bigint>();
  entries.forEach((entry, i) => {
    const key = stored[i]?.receipt.public_key_hex ?? '';
    expected.set(key, (expected.get(key) ?? 0n) + BigInt(entry.credited_ops));
  });
  const faults: string[] = [];
  for (const baseUrl of baseUrls) {
    const { workers } = await getJson<{
      workers: { public_key_hex: string; credited_ops: string }[];
    }>(`${baseUrl}/v1/workers?limit=500`);
    const got = new Map(workers.map((each) => [each.public_key_hex, BigInt(each.credited_ops)]));
    for (const key of new Set([...expected.keys(), ...got.keys()])) {
      const [wanted, found] = [expected.get(key) ?? 0n, got.get(key) ?? 0n];
      if (wanted !== found) {
        faults.push(`${baseUrl}: key ${key}: expected ${wanted} ops, got ${found}`);
      }
    }
  }
  return faults;
}

/** One beacon an epoch, whoever named it and whenever. */
function findBeaconFaults(book: LoadBook, published: ReadonlyMap<number, string>): string[] {
  return [...book.beacons]
    .filter(([epochId, seen]) => seen.size !== 1 || !seen.has(published.get(epochId) ?? ''))
    .map(([epochId, seen]) => {
      const got = [...seen].join(', ');
      return `epoch ${epochId}: expected the beacon ${published.get(epochId)}, got ${got}`;
    });
}

function findTwice(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.size === seen.add(value).size);
}
