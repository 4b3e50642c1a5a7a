import { describe, expect, it } from '@jest/globals';
import { publicKeyToDid } from '@tops/crypto';
import { expectProblem, expectValue, parseBytes } from '../test/expect-parsed.ts';
import {
  goodBundle,
  goodReceipt,
  goodUnsigned,
  otherKey,
  wire,
  workerDid,
  workerKey,
} from '../test/good-messages.ts';
import { setField, textOf, treeOf } from '../test/json-text.ts';
import {
  type ErrorCode,
  parseBundle,
  parseReceipt,
  receiptSignedBytes,
  signReceipt,
} from './index.ts';

describe('parseReceipt', () => {
  it('decodes what the checks need and names the worker by its key', () => {
    const parsed = expectValue(parseBytes(wire(goodReceipt), parseReceipt));
    expect(parsed.receipt).toEqual(goodReceipt);
    expect(parsed.publicKey).toEqual(workerKey.publicKey);
    expect(parsed.workerDid).toBe(workerDid);
    expect(parsed.label).toBeUndefined();
    expect(parsed.signature).toHaveLength(64);
    expect(parsed.prevHash).toHaveLength(32);
    expect(parsed.workRoot).toHaveLength(32);
  });

  it('takes a label for what it is, and never for the name of the worker', () => {
    const labelled = signReceipt({ ...goodUnsigned, device_did: 'rack-3' }, workerKey);
    const parsed = expectValue(parseReceipt(labelled));
    expect(parsed.label).toBe('rack-3');
    expect(parsed.workerDid).toBe(workerDid);
  });

  it('gives one receipt_id whatever the order of fields and the signature bytes', () => {
    const backwards = Object.fromEntries(Object.entries(goodReceipt).reverse());
    const resigned = { ...goodReceipt, sig_hex: '00'.repeat(64) };
    const { receiptId } = expectValue(parseReceipt(goodReceipt));
    expect(expectValue(parseReceipt(backwards)).receiptId).toBe(receiptId);
    expect(expectValue(parseReceipt(resigned)).receiptId).toBe(receiptId);
    expect(expectValue(parseReceipt({ ...goodReceipt, nonce: 8 })).receiptId).not.toBe(receiptId);
  });

  it('refuses -0 and fractions of an object made in this process too', () => {
    for (const nonce of [-0, 0.5, -1, 2 ** 53, Number.NaN]) {
      expect(expectProblem(parseReceipt({ ...goodReceipt, nonce })).code).toBe('integer_malformed');
    }
    expectValue(parseReceipt({ ...goodReceipt, nonce: 0 }));
  });

  it('cuts what it quotes of the caller', () => {
    const long = expectProblem(parseReceipt({ ...goodReceipt, sig_hex: 'z'.repeat(100_000) }));
    expect(long.detail).toBe(
      `expected sig_hex as 128 lower-case hex digits, got "${'z'.repeat(64)}"... (100000 characters)`,
    );
    const named = expectProblem(parseReceipt({ ...goodReceipt, ['k'.repeat(100_000)]: 1 }));
    expect(named.code).toBe('field_unknown');
    expect(named.field).toBeUndefined();
    expect(named.detail.length).toBeLessThan(300);
  });
});

describe('signReceipt', () => {
  it('signs the fields of the protocol and no others', () => {
    const receipt = signReceipt({ ...goodUnsigned, secret: 'x' } as never, workerKey);
    expect(receipt).toEqual(goodReceipt);
    expect(receiptSignedBytes(receipt)).toEqual(receiptSignedBytes(goodUnsigned));
  });
});

describe('fields with rules of their own', () => {
  const foreignDid = publicKeyToDid(otherKey.publicKey);
  const cases: readonly (readonly [path: string, good: unknown, bad: unknown, code: ErrorCode])[] =
    [
      ['kernel_ver', 'gemm_int8_relu_q_v2', 'gemm_int8_relu_q_v1', 'kernel_ver_unsupported'],
      ['kernel_ver', 'gemm_int8_relu_q_v2', '', 'kernel_ver_unsupported'],
      ['device_did', goodReceipt.device_did, foreignDid, 'device_did_foreign'],
      ['device_did', 'a', '', 'device_did_malformed'],
      ['device_did', 'x'.repeat(64), 'x'.repeat(65), 'device_did_malformed'],
      ['device_did', 'Rack-3.gpu_0', 'rack 3', 'device_did_malformed'],
      ['device_did', 'rack-3', 'rack-3\n', 'device_did_malformed'],
      ['device_did', '..', 'did:web:example.org', 'device_did_malformed'],
      ['device_did', 'did', `${goodReceipt.device_did}1`, 'device_did_malformed'],
      ['device_did', 'did', goodReceipt.device_did.toLowerCase(), 'device_did_malformed'],
      ['device_did', 'did', `did:key:${'z'.repeat(100_000)}`, 'device_did_malformed'],
      ['driver_hint', '', '\u0000', 'driver_hint_malformed'],
      ['driver_hint', 'x'.repeat(64), 'x'.repeat(65), 'driver_hint_malformed'],
      ['driver_hint', ' ~', '\u007f', 'driver_hint_malformed'],
      ['driver_hint', 'a b', 'a\nb', 'driver_hint_malformed'],
      ['driver_hint', 'gpu', 'gp\u00fc', 'driver_hint_malformed'],
      ['sizes.m', 64, 63, 'shape_invalid'],
      ['sizes.m', 2 ** 24, 2 ** 24 + 64, 'shape_invalid'],
      ['sizes.n', 1024, 1088, 'shape_invalid'],
      ['sizes.k', 16_384, 0, 'shape_invalid'],
    ];

  it.each(cases)('%s: %j parses, %j does not', (path, good, bad, code) => {
    for (const [prefix, message, read] of [
      ['', goodReceipt, parseReceipt],
      ['receipt.', goodBundle, (v: unknown) => parseBundle(v, { auditRowsMax: 64 })],
    ] as const) {
      const names = `${prefix}${path}`.split('.');
      const withValue = (value: unknown) =>
        parseBytes<unknown>(
          wire(textOf(setField(treeOf(message), names, JSON.stringify(value)))),
          read,
        );
      // rows of the bundle reach 16383, so a good small m is good for the receipt only.
      if (prefix === '' || path !== 'sizes.m' || good !== 64) expectValue(withValue(good));
      expect(expectProblem(withValue(bad))).toMatchObject({ code });
    }
  });

  it('a version unknown here is named first, whatever fields it has', () => {
    const later = { kernel_ver: 'gemm_int4_v3', tiles: 5 };
    expect(expectProblem(parseReceipt(later)).code).toBe('kernel_ver_unsupported');
    expect(expectProblem(parseReceipt({ ...later, kernel_ver: 5 })).code).toBe('field_unknown');
  });
});
