import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyPairFromSeed, bytesToHex, publicKeyToDid, verifyStrict } from '@tops/crypto';
import { fcParameters } from '@tops/testing';
import {
  JsonNumber,
  KERNEL_VERSION,
  encodeBundle,
  encodeProof,
  errorCodes,
  jcs,
  parseAcceptedResponse,
  parseActRequest,
  parseAdminActAnswer,
  parseAdminActPage,
  parseAdminKeyPage,
  parseBundle,
  parseChallenge,
  parseEpochInfo,
  parseEvidence,
  parseJson,
  parseProof,
  parseQuarantineRequest,
  parseReceipt,
  parseVerifiedResponse,
  parseWorkerInfo,
  parseWorkerPage,
  signReceipt,
} from '../../src/index.ts';
import { expectProblem, expectValue, parseBytes } from '../expect-parsed.ts';
import {
  goodAdminAct,
  goodAdminKey,
  goodBundle,
  goodChallenge,
  goodEpochInfo,
  goodEvidence,
  goodProof,
  goodReceipt,
  goodWorker,
  wire,
} from '../good-messages.ts';

const readers = {
  receipt: parseReceipt,
  challenge: parseChallenge,
  proof: parseProof,
  bundle: (value: unknown) => parseBundle(value, { auditRowsMax: 64 }),
  evidence: (value: unknown) => parseEvidence(value, { auditRowsMax: 64 }),
  epoch: parseEpochInfo,
  worker: parseWorkerInfo,
  workers: parseWorkerPage,
  accepted: parseAcceptedResponse,
  verified: parseVerifiedResponse,
  act: parseActRequest,
  quarantine: parseQuarantineRequest,
  adminKeys: parseAdminKeyPage,
  adminActs: parseAdminActPage,
  adminAnswer: parseAdminActAnswer,
};
const goodMessages = {
  receipt: goodReceipt,
  challenge: goodChallenge,
  proof: goodProof,
  bundle: goodBundle,
  evidence: goodEvidence,
  epoch: goodEpochInfo,
  worker: goodWorker,
  workers: { workers: [goodWorker, { ...goodWorker, label: null }], next_cursor: 'abc' },
  accepted: { status: 'accepted', credited_ops: '1048576' },
  verified: { status: 'accepted', receipt_id: goodChallenge.receipt_id },
  act: { actor: 'Ada', reason: 'ticket № 7' },
  quarantine: { actor: 'Ada', reason: 'x', epochs: 5 },
  adminKeys: { registration: 'closed', keys: [goodAdminKey], next_cursor: null },
  adminActs: { acts: [goodAdminAct], next_before: 4 },
  adminAnswer: { act: goodAdminAct, key: goodAdminKey },
} satisfies Record<keyof typeof readers, unknown>;
const names = Object.keys(readers) as (keyof typeof readers)[];

function expectJudged(bytes: Uint8Array): void {
  const json = parseJson(bytes);
  for (const name of names) {
    const parsed = json.ok ? readers[name](json.value) : json;
    if (!parsed.ok) expect(errorCodes).toHaveProperty(expectProblem(parsed).code);
  }
}

/** A number as it was written, turned into what JSON.parse makes of it. */
function plain(value: unknown): unknown {
  if (value instanceof JsonNumber) return Number(value.source);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  // defineProperty through fromEntries: a key __proto__ stays a key, as JSON.parse has it.
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

describe('no parser throws', () => {
  it('at arbitrary bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), expectJudged), fcParameters(300));
  });

  it('at arbitrary JSON values, in process or from the wire', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expectJudged(wire(value));
        for (const name of names) readers[name](value);
      }),
      fcParameters(300),
    );
  });

  it('at values that are no JSON at all', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        for (const name of names) readers[name](value);
        for (const key of Object.keys(goodReceipt)) {
          expectProblemOrSame(parseReceipt({ ...goodReceipt, [key]: value }));
        }
      }),
      fcParameters(),
    );
  });

  it.each(names)('at a good %s with some bytes changed, dropped or repeated', (name) => {
    const good = wire(goodMessages[name]);
    expectValue(parseBytes<unknown>(good, readers[name]));
    const edits = fc.array(
      fc.record({
        at: fc.nat(good.length - 1),
        drop: fc.nat(3),
        insert: fc.uint8Array({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(edits, (list) => {
        const bytes = [...good];
        for (const { at, drop, insert } of list) bytes.splice(at, drop, ...insert);
        expectJudged(Uint8Array.from(bytes));
      }),
      fcParameters(60),
    );
  });
});

function expectProblemOrSame(parsed: ReturnType<typeof parseReceipt>): void {
  if (!parsed.ok) expectProblem(parsed);
}

describe('parseJson against JSON.parse', () => {
  it('takes only what JSON.parse takes, and reads the same', () => {
    const texts = fc.oneof(
      fc.json({ depthSize: 'small' }),
      fc.string({ unit: fc.constantFrom(...'{}[]":,\\u0019aeE.-+ tfn\n') }),
    );
    let taken = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseJson(wire(text));
        if (!parsed.ok) return;
        taken++;
        expect(plain(parsed.value)).toEqual(JSON.parse(text));
      }),
      fcParameters(1000),
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('takes every text of bounded depth that JSON.stringify writes from well-formed strings', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10, stringUnit: 'binary' }), (value) => {
        const text = JSON.stringify(value);
        expect(plain(expectValue(parseJson(wire(text))))).toEqual(JSON.parse(text));
      }),
      fcParameters(300),
    );
  });
});

describe('jcs', () => {
  it('does not depend on the order of keys, and reads back as the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
        const backwards = Object.fromEntries(Object.entries(value).reverse());
        expect(jcs(backwards)).toBe(jcs(value));
        expect(JSON.parse(jcs(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      fcParameters(),
    );
  });
});

const hex = (byteLength: number) =>
  fc.uint8Array({ minLength: byteLength, maxLength: byteLength }).map(bytesToHex);
const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
const labelUnit = fc.constantFrom(
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-',
);
const counts = fc.maxSafeNat();
const multiples = (max: number) => fc.integer({ min: 1, max: max / 64 }).map((i) => i * 64);
const workerKeys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(keyPairFromSeed);
const receipts = workerKeys.chain((keyPair) =>
  fc
    .record({
      kernel_ver: fc.constant(KERNEL_VERSION),
      device_did: fc.oneof(
        fc.constant(publicKeyToDid(keyPair.publicKey)),
        fc.string({ unit: labelUnit, minLength: 1, maxLength: 64 }),
      ),
      public_key_hex: fc.constant(bytesToHex(keyPair.publicKey)),
      epoch_id: counts,
      prev_hash_hex: hex(32),
      nonce: counts,
      sizes: fc.record({
        m: multiples(2 ** 24),
        n: fc.oneof(multiples(1024), fc.constantFrom(2048, 4096, 8192, 16_384)),
        k: multiples(16_384),
      }),
      work_root_hex: hex(32),
      time_ms: counts,
      driver_hint: fc.string({ unit: printable, maxLength: 64 }),
    })
    .map((unsigned) => signReceipt(unsigned, keyPair)),
);

describe('good messages', () => {
  it('a signed receipt survives the wire, and its signature holds', () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        const parsed = expectValue(parseBytes(wire(receipt), parseReceipt));
        expect(parsed.receipt).toEqual(receipt);
        const { publicKey, signature, signedBytes: message } = parsed;
        expect(verifyStrict({ publicKey, message, signature })).toBe('valid');
        const altered = { ...receipt, time_ms: receipt.time_ms === 0 ? 1 : 0 };
        const other = expectValue(parseReceipt(altered));
        expect(verifyStrict({ publicKey, message: other.signedBytes, signature })).toBe(
          'signature_invalid',
        );
        expect(other.receiptId).not.toBe(parsed.receiptId);
      }),
      // tweetnacl signs about a hundred times a second.
      fcParameters(25),
    );
  });

  it('a proof survives the wire', () => {
    const hashes = (least: number) =>
      fc
        .integer({ min: least, max: 40 })
        .chain((count) => fc.uint8Array({ minLength: count * 32, maxLength: count * 32 }));
    fc.assert(
      fc.property(hashes(1), hashes(0), (leaves, siblings) => {
        const bytes = wire(encodeProof({ leaves, siblings }));
        expect(expectValue(parseBytes(bytes, parseProof))).toEqual({ leaves, siblings });
      }),
      fcParameters(),
    );
  });

  it('a bundle survives the wire', () => {
    const rowSets = fc.uniqueArray(fc.nat(goodReceipt.sizes.m - 1), {
      minLength: 1,
      maxLength: 64,
    });
    fc.assert(
      fc.property(rowSets, (rows) => {
        const message = { ...goodBundle, rows: rows.toSorted((a, b) => a - b) };
        const read = (value: unknown) => parseBundle(value, { auditRowsMax: 64 });
        const bundle = expectValue(parseBytes(wire(message), read));
        expect(encodeBundle(bundle)).toEqual(message);
      }),
      fcParameters(),
    );
  });

  it.each(['challenge', 'epoch', 'worker', 'workers', 'accepted', 'verified'] as const)(
    'a %s survives the wire',
    (name) => {
      const parsed = parseBytes<unknown>(wire(goodMessages[name]), readers[name]);
      expect(expectValue(parsed)).toEqual(goodMessages[name]);
    },
  );
});
