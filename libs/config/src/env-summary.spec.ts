import { describe, expect, it } from '@jest/globals';
import { defineEnv, hexBytes, integer, summariseEnv, url } from './index.ts';

const schema = defineEnv({
  PORT: integer({ min: 0, max: 65535, default: 8081, describe: '' }),
  SK_HEX: hexBytes({ bytes: 32, secret: true, describe: '' }),
  AGGREGATOR_URL: url({ default: 'http://localhost:8081', describe: '' }),
});

describe('summariseEnv', () => {
  it('says where each value comes from', () => {
    expect(summariseEnv(schema, { PORT: ' 80 ', SK_HEX: '' })).toEqual([
      { variable: 'PORT', source: 'environment', shown: '80' },
      { variable: 'SK_HEX', source: 'unset', shown: '' },
      { variable: 'AGGREGATOR_URL', source: 'default', shown: 'http://localhost:8081' },
    ]);
  });

  it('never shows a secret or a password, and keeps control characters off the terminal', () => {
    const secret = 'ab'.repeat(32);
    const env = { SK_HEX: secret, AGGREGATOR_URL: `http://u:${secret}@x`, PORT: '\u001b[31m8' };
    const shown = JSON.stringify(summariseEnv(schema, env));
    expect(shown).not.toContain(secret);
    expect(shown).toContain('64 characters (redacted)');
    expect(shown).not.toContain('\\u001b');
  });
});
