import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { signReceipt, type EpochInfo, type Receipt, type UnsignedReceipt } from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { TestVerifier } from '../test-verifier.ts';
import { TestWorker, type TestAttempt } from '../test-worker.ts';

let test: TestVerifier;
let epoch: EpochInfo;
let before: string;
const worker = new TestWorker(11);
let attempt: TestAttempt;

beforeAll(async () => {
  test = await TestVerifier.start({ limits: { max_weights: 64 * 64 * 2 } });
  epoch = await test.epoch();
  attempt = await worker.attempt(epoch);
});

afterAll(() => test.close());

beforeEach(async () => {
  before = await test.recorded();
});

// Whatever was refused changed nothing, and the service goes on; that the receipt all cases are made from is taken
// itself is the last test.
afterEach(async () => {
  expect(await test.recorded()).toBe(before);
  expect((await test.get('/v1/epoch')).status).toBe(200);
});

const bytes = (text: string) => new TextEncoder().encode(text);
/** The receipt with other unsigned fields. */
const unsigned = (change: object) => () => ({ ...attempt.receipt, ...change });
/** The receipt with other fields, signed again by its own key. */
const signed = (change: Partial<UnsignedReceipt>) => () =>
  signReceipt({ ...attempt.receipt, ...change }, worker.keyPair);
const text = (edit: (json: string) => string) => () => edit(JSON.stringify(attempt.receipt));
const without = (name: keyof Receipt) => () => {
  const rest: Partial<Receipt> = { ...attempt.receipt };
  Reflect.deleteProperty(rest, name);
  return rest;
};
const other = keyPairFromSeed(seededBytes(12, 32));
/** L of RFC 8032 §5.1, little-endian, added to S: the same equation, another encoding. */
const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n;
const malleable = (): Receipt => {
  const { sig_hex } = attempt.receipt;
  const s = Buffer.from(sig_hex.slice(64), 'hex').reverse().toString('hex');
  const raised = (BigInt(`0x${s}`) + groupOrder).toString(16).padStart(64, '0');
  const sHex = Buffer.from(raised, 'hex').reverse().toString('hex');
  return { ...attempt.receipt, sig_hex: sig_hex.slice(0, 64) + sHex };
};

type Case = readonly [name: string, body: () => unknown, status: number, code: string];

const cases: readonly Case[] = [
  ['no body', () => '', 400, 'body_empty'],
  ['malformed JSON', text((json) => json.slice(0, -1)), 400, 'json_malformed'],
  ['text after the JSON', text((json) => `${json} x`), 400, 'json_malformed'],
  ['two JSON values', text((json) => `${json}${json}`), 400, 'json_malformed'],
  ['a byte order mark', text((json) => `\ufeff${json}`), 400, 'json_malformed'],
  ['bytes that are not UTF-8', () => Uint8Array.of(0x22, 0xff, 0x22), 400, 'utf8_malformed'],
  ['UTF-16', () => Buffer.from('\ufeff{}', 'utf16le'), 400, 'utf8_malformed'],
  ['NUL bytes', () => new Uint8Array(64), 400, 'json_malformed'],
  ['an array', () => [], 400, 'field_type'],
  ['null', () => 'null', 400, 'field_type'],
  ['a number', () => '7', 400, 'field_type'],
  ['depth', () => '['.repeat(5000) + ']'.repeat(5000), 400, 'json_too_deep'],
  ['a duplicate key', text((json) => json.replace('{', '{"nonce":0,')), 400, 'json_duplicate_key'],
  [
    'a duplicate key spelt with an escape',
    text((json) => json.replace('{', '{"\\u006eonce":0,')),
    400,
    'json_duplicate_key',
  ],
  ['an unknown field', unsigned({ note: 'x' }), 400, 'field_unknown'],
  ['__proto__', text((json) => json.replace('{', '{"__proto__":{},')), 400, 'field_unknown'],
  [
    'an unknown field inside sizes',
    unsigned({ sizes: { m: 64, n: 64, k: 64, b: 1 } }),
    400,
    'field_unknown',
  ],
  ...(
    [
      ...(['device_did', 'public_key_hex', 'epoch_id', 'prev_hash_hex', 'nonce', 'sizes'] as const),
      ...(['work_root_hex', 'time_ms', 'driver_hint', 'sig_hex', 'kernel_ver'] as const),
    ] as const
  ).map((name) => [`no ${name}`, without(name), 400, 'field_missing'] as const),
  ['a nonce as text', unsigned({ nonce: '7' }), 400, 'field_type'],
  ['a key as number', unsigned({ public_key_hex: 7 }), 400, 'field_type'],
  ['sizes as an array', unsigned({ sizes: [64, 64, 64] }), 400, 'field_type'],
  ['sizes null', unsigned({ sizes: null }), 400, 'field_type'],
  [
    'a nonce with a fraction',
    text((json) => json.replace('"nonce":0', '"nonce":0.0')),
    400,
    'integer_malformed',
  ],
  [
    'a nonce with an exponent',
    text((json) => json.replace('"nonce":0', '"nonce":0e1')),
    400,
    'integer_malformed',
  ],
  [
    'a nonce of -0',
    text((json) => json.replace('"nonce":0', '"nonce":-0')),
    400,
    'integer_malformed',
  ],
  ['a negative nonce', unsigned({ nonce: -1 }), 400, 'integer_malformed'],
  ['a nonce of 2^53', unsigned({ nonce: 2 ** 53 }), 400, 'integer_malformed'],
  [
    'upper-case hex',
    text((json) =>
      json.replace(attempt.receipt.work_root_hex, attempt.receipt.work_root_hex.toUpperCase()),
    ),
    400,
    'hex_malformed',
  ],
  ['hex of another length', unsigned({ prev_hash_hex: '00' }), 400, 'hex_malformed'],
  ['hex with a newline', unsigned({ prev_hash_hex: `${'00'.repeat(32)}\n` }), 400, 'hex_malformed'],
  [
    'another kernel version',
    signed({ kernel_ver: 'gemm_int8_relu_q_v1' }),
    422,
    'kernel_ver_unsupported',
  ],
  ['a label outside its alphabet', signed({ device_did: '=cmd()' }), 400, 'device_did_malformed'],
  ['a label of 65 characters', signed({ device_did: 'a'.repeat(65) }), 400, 'device_did_malformed'],
  [
    "another key's did:key",
    signed({ device_did: publicKeyToDid(other.publicKey) }),
    422,
    'device_did_foreign',
  ],
  ['a driver hint with a tab', signed({ driver_hint: 'a\tb' }), 400, 'driver_hint_malformed'],
  [
    'a driver hint of 65 characters',
    signed({ driver_hint: 'a'.repeat(65) }),
    400,
    'driver_hint_malformed',
  ],
  ['m of no multiple of 64', signed({ sizes: { m: 65, n: 64, k: 64 } }), 422, 'shape_invalid'],
  ['m of 0', signed({ sizes: { m: 0, n: 64, k: 64 } }), 422, 'shape_invalid'],
  ['m above 2^24', signed({ sizes: { m: 2 ** 24 + 64, n: 64, k: 64 } }), 422, 'shape_invalid'],
  [
    'n between the powers of two',
    signed({ sizes: { m: 64, n: 1088, k: 64 } }),
    422,
    'shape_invalid',
  ],
  ['k above 16384', signed({ sizes: { m: 64, n: 64, k: 16448 } }), 422, 'shape_invalid'],
  ['weights over the limit', signed({ sizes: { m: 64, n: 64, k: 128 } }), 422, 'shape_over_limit'],
  ['an altered field', unsigned({ time_ms: 2 }), 422, 'signature_invalid'],
  ['a zero signature', unsigned({ sig_hex: '00'.repeat(64) }), 422, 'signature_non_canonical'],
  ['S + L', malleable, 422, 'signature_non_canonical'],
  [
    "another's key",
    () => ({ ...attempt.receipt, public_key_hex: Buffer.from(other.publicKey).toString('hex') }),
    422,
    'signature_invalid',
  ],
  [
    'a key of small order',
    unsigned({ public_key_hex: `01${'00'.repeat(31)}`, sig_hex: `01${'00'.repeat(63)}` }),
    422,
    'public_key_invalid',
  ],
  ['an epoch to come', () => signed({ epoch_id: epoch.epoch_id + 1 })(), 409, 'epoch_unknown'],
  ['an epoch gone by', () => signed({ epoch_id: epoch.epoch_id - 1 })(), 409, 'epoch_closed'],
  ['epoch 2^53-1', signed({ epoch_id: Number.MAX_SAFE_INTEGER }), 409, 'epoch_unknown'],
  ["another epoch's beacon", signed({ prev_hash_hex: '11'.repeat(32) }), 409, 'prev_hash_mismatch'],
];

describe('POST /v1/receipts', () => {
  it.each(cases)('refuses %s', async (_name, body, status, code) => {
    const answer = await test.post('/v1/receipts', body());
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: `urn:tops-worker:error:${code}`, status });
    expect(answer.body.detail.length).toBeLessThan(500);
  });

  it('refuses m below the limit', async () => {
    const strict = await TestVerifier.start({ limits: { min_rows: 128 } });
    try {
      const small = await worker.attempt(await strict.epoch());
      const answer = await strict.post('/v1/receipts', small.receipt);
      expect([answer.status, answer.body.code]).toEqual([422, 'shape_below_min_rows']);
      const shape = { m: 128, n: 64, k: 64 };
      const large = await worker.attempt(await strict.epoch(), { shape });
      expect((await strict.post('/v1/receipts', large.receipt)).status).toBe(201);
    } finally {
      await strict.close();
    }
  });

  it('quotes little of what it was sent', async () => {
    const answer = await test.post('/v1/receipts', unsigned({ ['\u202e'.repeat(2000)]: 1 })());
    expect(answer.body.code).toBe('field_unknown');
    expect(answer.text.length).toBeLessThan(1000);
    expect(bytes(answer.text).every((byte) => byte < 0x7f)).toBe(true);
  });
});

describe('the control', () => {
  it('takes the receipt that all refused ones were made from', async () => {
    const challenge = await test.challenge(attempt);
    expect((await test.prove(attempt, challenge)).status).toBe(200);
    before = await test.recorded();
  });
});
