import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signReceipt, type Receipt } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import { runInMemory } from '../run-in-memory.ts';
import { sampleBundle, sampleKeyPair } from '../sample-bundle.ts';

type Json = Record<string, unknown>;

const shape = { m: 64, n: 64, k: 64 };
let bundle: Json & { readonly receipt: Receipt };

beforeAll(async () => {
  bundle = { ...(await sampleBundle(shape, [0, 31, 63])).bundle };
});

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Accepted, rejected or unusable, each said where it belongs: a fault of the program would be 1 with a message. */
async function expectVerdict(bytes: Uint8Array): Promise<number> {
  // Weights of 64 × 64 at most: no mutation makes the check expensive.
  const args = ['verify', '-', '--max-weights', '8192'];
  const { code, stdout, stderr } = await runInMemory(args, { stdin: [bytes] });
  expect([0, 1, 2]).toContain(code);
  if (code === 2) {
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^tops: (not a bundle|cannot be checked here): /);
  } else {
    expect(stderr).toBe('');
    expect(stdout).toMatch(code === 0 ? /^accepted: / : /^rejected: /);
  }
  return code;
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, -1, 0, 0.5, 2 ** 53, '', 'AAAA', [], [0, 0], [63, 0], [64], {}),
);
const receiptFields = ['kernel_ver', 'device_did', 'public_key_hex', 'epoch_id', 'prev_hash_hex'];
const moreReceiptFields = ['nonce', 'sizes', 'work_root_hex', 'time_ms', 'driver_hint', 'sig_hex'];

describe('tops verify -', () => {
  it('has no verdict on arbitrary bytes', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => expect(await expectVerdict(input)).toBe(2)),
      fcParameters(300),
    );
  });

  it('judges or refuses a bundle with any field of it replaced, absent or added', async () => {
    const mutation = fc.record({
      field: fc.constantFrom('receipt', 'rows', 'leaves', 'siblings', 'extra'),
      value: fc.option(anything, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ field, value }) => {
        await expectVerdict(encode({ ...bundle, [field]: value }));
      }),
      fcParameters(150),
    );
  });

  it('judges or refuses a bundle with any field of its receipt replaced', async () => {
    const mutation = fc.tuple(fc.constantFrom(...receiptFields, ...moreReceiptFields), anything);
    await fc.assert(
      fc.asyncProperty(mutation, async ([field, value]) => {
        await expectVerdict(encode({ ...bundle, receipt: { ...bundle.receipt, [field]: value } }));
      }),
      fcParameters(150),
    );
  });

  it('never accepts other numbers that its own key signed', async () => {
    const change = fc.record({
      nonce: fc.nat(),
      epoch_id: fc.nat(),
      sizes: fc.constantFrom(
        shape,
        { ...shape, m: 128 },
        { ...shape, n: 128 },
        { m: 1, n: 1, k: 1 },
      ),
      rows: fc.uniqueArray(fc.integer({ min: 0, max: 70 }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ rows, ...fields }) => {
        fc.pre(fields.nonce !== 7);
        const receipt = signReceipt({ ...bundle.receipt, ...fields }, sampleKeyPair);
        expect(await expectVerdict(encode({ ...bundle, receipt, rows }))).not.toBe(0);
        expect(await expectVerdict(encode({ ...bundle, receipt }))).not.toBe(0);
      }),
      fcParameters(20),
    );
  });

  it('judges or refuses a bundle with any byte of its text changed', async () => {
    const flip = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
    await fc.assert(
      fc.asyncProperty(flip, async ({ at, to }) => {
        const bytes = encode(bundle);
        bytes[at % bytes.length] = to;
        await expectVerdict(bytes);
      }),
      fcParameters(150),
    );
  });

  it('accepts the bundle the others are made from', async () => {
    expect(await expectVerdict(encode(bundle))).toBe(0);
  });
});
