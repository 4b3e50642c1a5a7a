import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fcParameters } from '@tops/testing';
import { readConfig } from '../../src/config.ts';
import { verifierSchema } from '../../src/config-schema.ts';

const names = Object.keys(verifierSchema.fields);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom('', ' ', '0', '1', '64', '-0', '1e3', '00', 'production', 'debug', '/', '..'),
  fc.constantFrom('ab'.repeat(32), `${'ab'.repeat(32)},${'cd'.repeat(32)},`, 'tcp://10.0.0.1:80'),
);
const environment = fc.dictionary(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    fc.constantFrom('VERIFIER_', 'VERIFY_', 'VERIFY_PUBKEYS', '__proto__', 'constructor'),
    fc.string({ maxLength: 20 }).map((name) => `VERIFIER_${name}`),
  ),
  text,
  { maxKeys: names.length },
);

/** Either everything could be read, or every error names a variable and says what was expected of it. */
function expectConfigOrErrors(env: Record<string, string>): void {
  const result = readConfig(env);
  if (result.ok) {
    expect(result.config.protocol.limits.min_rows % 64).toBe(0);
    return;
  }
  expect(result.errors.length).toBeGreaterThan(0);
  const known = new Set([...names, ...Object.keys(env)]);
  for (const { variable, expected, got } of result.errors) {
    expect(known.has(variable)).toBe(true);
    expect(expected).not.toBe('');
    expect(got).not.toBe('');
  }
}

describe('readConfig', () => {
  it.each(names)('takes or refuses any text for %s', (name) => {
    fc.assert(
      fc.property(text, (value) => expectConfigOrErrors({ [name]: value })),
      fcParameters(40),
    );
  });

  it('takes or refuses any environment', () => {
    fc.assert(fc.property(environment, expectConfigOrErrors), fcParameters(300));
  });

  it('takes one it generated', () => {
    expect(readConfig({ NODE_ENV: 'production', VERIFIER_SK_HEX: 'ab'.repeat(32) }).ok).toBe(true);
  });
});
