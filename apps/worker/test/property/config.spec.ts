import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatConfigError } from '@tops/config';
import { bytesToHex, keyPairFromSeed } from '@tops/crypto';
import { fcParameters } from '@tops/testing';
import { readWorkerConfig, workerConfigSection } from '../../src/config.ts';

const dir = mkdtempSync(join(tmpdir(), 'worker-config-property-'));
afterAll(() => rmSync(dir, { recursive: true }));
const keyPath = join(dir, 'key');
writeFileSync(keyPath, 'ab'.repeat(32), { mode: 0o600 });

const names = Object.keys(workerConfigSection.schema.fields);

/** Anything at all, and texts near enough to the right ones to get past the first check. */
const texts = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ minLength: 1000, maxLength: 5000, size: 'max' }),
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.webUrl(),
  fc.stringMatching(/^did:key:z[1-9A-HJ-NP-Za-km-z]{0,100}$/),
  fc.stringMatching(/^[0-9a-fA-F]{64}$/),
  fc.stringMatching(/^[0-9,; .x+-]{0,40}$/),
  fc.constantFrom('0', '1', '-0', 'production', 'always', 'debug', '__proto__', '/', '.', keyPath),
);

/** The names of the errors, each of which must be printable; none when there is a configuration. */
function errorNames(env: Record<string, string>): string[] {
  const result = readWorkerConfig(env);
  if (result.ok) {
    expect(Number.isInteger(result.config.port)).toBe(true);
    expect(URL.canParse(result.config.aggregatorUrl)).toBe(true);
    expect(result.config.autotune.presets.length).toBeGreaterThan(0);
    return [];
  }
  expect(result.errors.length).toBeGreaterThan(0);
  for (const error of result.errors) expect(formatConfigError(error)).toContain(': expected ');
  return result.errors.map(({ variable }) => variable);
}

describe('readWorkerConfig', () => {
  it('takes any text for any one variable: a configuration, or an error that names it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), texts, (name, text) => {
        const isWithoutKey = name === 'NODE_ENV' && text.trim() === 'production';
        const allowed = isWithoutKey ? 'WORKER_SK_HEX' : name;
        expect(new Set([allowed, ...errorNames({ [name]: text })])).toEqual(new Set([allowed]));
      }),
      fcParameters(1000),
    );
  });

  it('takes any text for all of them at once, and loses no error of one in the others', () => {
    const environments = fc.dictionary(fc.constantFrom(...names), texts, { noNullPrototype: true });
    // These depend on each other, by the rules for the key.
    const related = new Set(['NODE_ENV', 'WORKER_SK_HEX', 'WORKER_SK_FILE', 'DEVICE_DID']);
    fc.assert(
      fc.property(environments, (env) => {
        const alone = Object.entries(env).flatMap(([name, text]) => errorNames({ [name]: text }));
        const isLone = (name: string) => !related.has(name);
        const together = errorNames(env);
        expect(together.filter(isLone).sort()).toEqual(alone.filter(isLone).sort());
        for (const name of together) expect(names).toContain(name);
        // A key file that cannot be used is never lost.
        if (alone.includes('WORKER_SK_FILE')) expect(together).toContain('WORKER_SK_FILE');
      }),
      fcParameters(500),
    );
  });

  it('takes any bytes for a key file: the key they spell, or an error that shows none of them', () => {
    const spaces = fc.constantFrom('', '\n', '\r\n', ' ', '\t \n');
    const keys = fc
      .tuple(spaces, fc.stringMatching(/^[0-9a-fA-F]{62,66}$/), spaces)
      .map((parts) => Uint8Array.from(Buffer.from(parts.join(''))));
    const contents = fc.oneof(fc.uint8Array({ maxLength: 5000, size: 'max' }), keys);
    const path = join(dir, 'any-bytes');
    fc.assert(
      fc.property(contents, (bytes) => {
        writeFileSync(path, bytes, { mode: 0o600 });
        const text = Buffer.from(bytes).toString('latin1').trim();
        const result = readWorkerConfig({ WORKER_SK_FILE: path });
        if (/^[0-9a-fA-F]{64}$/.test(text)) {
          const { publicKey } = keyPairFromSeed(Uint8Array.from(Buffer.from(text, 'hex')));
          expect(result.ok && bytesToHex(result.config.keyPair!.publicKey)).toBe(
            bytesToHex(publicKey),
          );
          return;
        }
        expect(result).toMatchObject({ ok: false, errors: [{ variable: 'WORKER_SK_FILE' }] });
        if (text.length >= 12) expect(JSON.stringify(result)).not.toContain(text);
      }),
      fcParameters(200),
    );
  });
});
