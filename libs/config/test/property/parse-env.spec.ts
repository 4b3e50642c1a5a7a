import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { defineEnv, hexBytes, integer, parseEnv, url } from '../../src/index.ts';

const schema = defineEnv({
  WORKER_PORT: integer({ min: 0, max: 65535, default: 8082, describe: '' }),
  WORKER_SK_HEX: hexBytes({ bytes: 32, secret: true, describe: '' }),
  AGGREGATOR_URL: url({ default: 'http://localhost:8081', describe: '' }),
});

describe('parseEnv', () => {
  it('takes any text for any variable: a value of the right type, or an error that names it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(schema.fields)), fc.string(), (name, value) => {
        const result = parseEnv(schema, { [name]: value });
        if (!result.ok) {
          expect(result.errors.map((error) => error.variable)).toEqual([name]);
          return;
        }
        expect(Number.isInteger(result.values.WORKER_PORT)).toBe(true);
        expect(URL.canParse(result.values.AGGREGATOR_URL)).toBe(true);
      }),
      fcParameters(300),
    );
  });

  it('reads back every port and never prints a wrong secret', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 65535 }),
        fc.stringMatching(/^[g-z]{12,40}$/),
        (port, secret) => {
          expect(parseEnv(schema, { WORKER_PORT: String(port) })).toMatchObject({
            ok: true,
            values: { WORKER_PORT: port },
          });
          const refused = parseEnv(schema, { WORKER_SK_HEX: secret });
          expect(refused.ok).toBe(false);
          expect(JSON.stringify(refused)).not.toContain(secret);
        },
      ),
      fcParameters(200),
    );
  });
});
