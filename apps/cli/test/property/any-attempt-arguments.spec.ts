import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters } from '@tops/testing';
import { runInMemory } from '../run-in-memory.ts';

const junk = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '-', '--', '-1', '1e3', '0x40', '9007199254740992', '--help', '--json', '@x'),
);
const hash = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('ab'.repeat(32), '00'.repeat(32)) },
  fc.constantFrom('AB'.repeat(32), 'ab'.repeat(31)),
  junk,
);
// Three small numbers or what is no shape at all: nothing large is ever computed.
const sizes = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('64,64,64', '128,64,64', '65,64,64', '64,64') },
  junk.filter((value) => !/[0-9].*,.*[0-9].*,.*[0-9]/.test(value)),
);
const rows = fc.oneof(
  fc
    .array(fc.integer({ min: -1, max: 130 }), { maxLength: 6 })
    .map((values) => values.sort((left, right) => left - right).join(',')),
  junk,
);
const option = (name: string, value: fc.Arbitrary<string>) =>
  value.map((given) => [`--${name}`, given]);
/** Each option mostly there, in its order or not, with junk between. */
const commandLine = fc
  .record({
    required: fc.tuple(
      option('prev-hash', hash),
      option('public-key', hash),
      option('nonce', fc.oneof({ weight: 9, arbitrary: fc.nat().map(String) }, junk)),
      option('sizes', sizes),
      // Never the pool of threads: its start would take up most of the time.
      option('backend', fc.oneof({ weight: 9, arbitrary: fc.constant('reference') }, junk)),
    ),
    optional: fc.array(fc.oneof(option('rows', rows), fc.constant(['--json'])), { maxLength: 2 }),
    stray: fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, fc.array(junk, { maxLength: 2 })),
    left: fc.oneof({ weight: 6, arbitrary: fc.constant(-1) }, fc.integer({ min: 0, max: 3 })),
  })
  .map(({ required, optional, stray, left }) =>
    [...required.filter((_, i) => i !== left), ...optional, stray].flat(),
  );

async function expectDoneOrUnusable(args: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await runInMemory(['attempt', ...args]);
  expect([0, 1, 2]).toContain(code);
  // 1 would be a failure of the computation, and nothing fails here.
  expect(code).not.toBe(1);
  if (code === 2) expect([stdout, stderr === '']).toEqual(['', false]);
  else expect([stdout === '', stderr]).toEqual([false, '']);
  return code;
}

describe('tops attempt', () => {
  it('computes or refuses any arguments', async () => {
    await fc.assert(
      fc.asyncProperty(commandLine, async (args) => {
        await expectDoneOrUnusable(args);
      }),
      fcParameters(150),
    );
  });

  it('refuses any words but help', async () => {
    const words = fc.array(junk, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(words, async (args) => void (await expectDoneOrUnusable(args))),
      fcParameters(300),
    );
  });

  it('takes what the first property is made of', async () => {
    const hex = 'ab'.repeat(32);
    const args = ['--prev-hash', hex, '--public-key', hex, '--nonce', '0', '--sizes', '64,64,64'];
    const backend = ['--backend', 'reference', '--rows', '0,17,63', '--json'];
    expect(await expectDoneOrUnusable([...args, ...backend])).toBe(0);
  });
});
