import { describe, expect, it } from '@jest/globals';
import {
  choice,
  custom,
  decimal,
  defineEnv,
  flag,
  hexBytes,
  hexKeyList,
  integer,
  parseEnv,
  path,
  text,
  url,
  type EnvValues,
} from './index.ts';

const schema = defineEnv(
  {
    WORKER_PORT: integer({ min: 0, max: 65535, default: 8082, describe: 'Port.' }),
    CPU_THREADS: integer({ min: 1, max: 1024, describe: 'Threads.' }),
    RATE_LIMIT_PER_SECOND: decimal({ min: 0.1, max: 1000, default: 2.5, describe: 'Rate.' }),
    CPU_FALLBACK: flag({ default: true, describe: 'Fallback.' }),
    STATUS_LINE: choice({
      values: ['auto', 'always', 'never'],
      default: 'auto',
      describe: 'Line.',
    }),
    AGGREGATOR_URL: url({ default: 'http://localhost:8081', describe: 'Verifier.' }),
    WORKER_SK_HEX: hexBytes({ bytes: 32, secret: true, describe: 'Seed.' }),
    VERIFY_PUBKEY: hexKeyList({ describe: 'Allowed keys.' }),
    DATA_DIR: path({ default: './data', describe: 'Data.' }),
    DEVICE_DID: text({
      pattern: /^[A-Za-z0-9._-]{1,64}$/,
      expected: 'a label',
      describe: 'Label.',
    }),
    AUTOTUNE_PRESETS: custom({
      expected: 'm,n,k;…',
      default: '64,64,64',
      describe: 'Shapes.',
      parse: (value) =>
        /^[0-9]+(,[0-9]+){2}$/.test(value) ? value.split(',').map(Number) : undefined,
    }),
  },
  {
    rules: [
      {
        variables: ['CPU_FALLBACK', 'CPU_THREADS'],
        check: (values) =>
          values.CPU_FALLBACK || values.CPU_THREADS === undefined
            ? undefined
            : { variable: 'CPU_THREADS', expected: 'nothing with CPU_FALLBACK=0', got: 'a number' },
      },
    ],
  },
);

/** The errors for one environment, by variable. */
function errorsOf(env: Record<string, string>): Record<string, string> {
  const result = parseEnv(schema, env);
  return result.ok
    ? {}
    : Object.fromEntries(
        result.errors.map((error) => [error.variable, `${error.expected} / ${error.got}`]),
      );
}

describe('parseEnv', () => {
  it('gives typed defaults for an empty environment, empty texts counting as unset', () => {
    const result = parseEnv(schema, { WORKER_PORT: '', DATA_DIR: '  ', VERIFY_PUBKEY: '' });
    if (!result.ok) throw new Error(JSON.stringify(result.errors));
    // The annotations are the test: they must hold at compile time.
    const port: number = result.values.WORKER_PORT;
    const threads: number | undefined = result.values.CPU_THREADS;
    const line: 'auto' | 'always' | 'never' = result.values.STATUS_LINE;
    const keys: readonly string[] = result.values.VERIFY_PUBKEY;
    const seed: Uint8Array | undefined = result.values.WORKER_SK_HEX;
    const shape: number[] = result.values.AUTOTUNE_PRESETS;
    expect([port, threads, line, keys, seed, shape]).toEqual([
      8082,
      undefined,
      'auto',
      [],
      undefined,
      [64, 64, 64],
    ]);
    expect(result.values.AGGREGATOR_URL).toBe('http://localhost:8081');
    expect(result.values.RATE_LIMIT_PER_SECOND).toBe(2.5);
  });

  it('reads every kind of value', () => {
    const result = parseEnv(schema, {
      WORKER_PORT: ' 9000 ',
      CPU_FALLBACK: '0',
      STATUS_LINE: 'never',
      AGGREGATOR_URL: 'https://verifier.example/base//',
      WORKER_SK_HEX: 'AB'.repeat(32),
      VERIFY_PUBKEY: `${'0A'.repeat(32)}, ${'0a'.repeat(32)},${'ff'.repeat(32)}`,
      DEVICE_DID: 'rack-1.gpu_2',
    });
    expect(result).toMatchObject({
      ok: true,
      values: {
        WORKER_PORT: 9000,
        CPU_FALLBACK: false,
        STATUS_LINE: 'never',
        AGGREGATOR_URL: 'https://verifier.example/base',
        WORKER_SK_HEX: new Uint8Array(32).fill(0xab),
        VERIFY_PUBKEY: ['0a'.repeat(32), 'ff'.repeat(32)],
        DEVICE_DID: 'rack-1.gpu_2',
      },
    });
  });

  it('reports every error at once', () => {
    const errors = errorsOf({
      WORKER_PORT: '65536',
      CPU_THREADS: '0x10',
      CPU_FALLBACK: 'true',
      STATUS_LINE: 'AUTO',
      AGGREGATOR_URL: 'localhost:8081',
      DEVICE_DID: 'no spaces',
      AUTOTUNE_PRESETS: 'all',
      WORKER_PROT: '1',
    });
    expect(errors).toEqual({
      WORKER_PORT: 'an integer from 0 to 65535 / "65536"',
      CPU_THREADS: 'an integer from 1 to 1024 / "0x10"',
      CPU_FALLBACK: '0 or 1 / "true"',
      STATUS_LINE: 'one of auto, always, never / "AUTO"',
      AGGREGATOR_URL:
        'an http:// or https:// address without credentials, query or fragment / "localhost:8081"',
      DEVICE_DID: 'a label / "no spaces"',
      AUTOTUNE_PRESETS: 'm,n,k;… / "all"',
      WORKER_PROT: 'a known variable name / a name that nothing reads',
    });
  });

  it.each(['1e3', '+5', '08', '1.0', '--1', '9007199254740993', 'NaN', '1 2'])(
    'refuses the integer %s',
    (value) => {
      expect(errorsOf({ WORKER_PORT: value })).toHaveProperty('WORKER_PORT');
      expect(errorsOf({ WORKER_PORT: '8' })).toEqual({});
    },
  );

  it('never shows a secret, nor an address that carries one', () => {
    const secret = 'd34db33f-not-hex';
    const result = parseEnv(schema, {
      WORKER_SK_HEX: secret,
      AGGREGATOR_URL: `https://user:${secret}@verifier.example`,
      WORKER_SK_HXE: secret,
    });
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain(secret);
    expect(errorsOf({ WORKER_SK_HEX: secret }).WORKER_SK_HEX).toBe(
      '64 hex digits (32 bytes) / a 16-character value (redacted)',
    );
  });

  it('names the faulty key of a list and cuts long values', () => {
    const errors = errorsOf({
      VERIFY_PUBKEY: `${'aa'.repeat(32)},xyz`,
      DEVICE_DID: `\u001b[31m${'x'.repeat(500)}`,
    });
    expect(errors['VERIFY_PUBKEY']).toContain('64 hex digits for key 2 of 2');
    expect(errors['DEVICE_DID']!.length).toBeLessThan(100);
    expect(errors['DEVICE_DID']).not.toContain('\u001b');
  });

  it('runs a rule only over variables that could be read', () => {
    const bad = { CPU_FALLBACK: '0', CPU_THREADS: '4' };
    expect(Object.keys(errorsOf(bad))).toEqual(['CPU_THREADS']);
    expect(errorsOf({ ...bad, CPU_FALLBACK: '1' })).toEqual({});
    expect(errorsOf({ ...bad, CPU_FALLBACK: 'no' })).toEqual({ CPU_FALLBACK: '0 or 1 / "no"' });
  });

  it('gives what could be read beside the errors, and only that', () => {
    const result = parseEnv(schema, { WORKER_PORT: 'x', CPU_THREADS: '4', CPU_FALLBACK: '0' });
    if (result.ok) throw new Error('no error');
    expect(result.errors.map(({ variable }) => variable)).toEqual(['WORKER_PORT', 'CPU_THREADS']);
    // A broken rule leaves the values it is about; a text that is refused leaves nothing.
    expect(result.partial).toMatchObject({
      CPU_THREADS: 4,
      CPU_FALLBACK: false,
      DATA_DIR: './data',
    });
    expect(result.partial).not.toHaveProperty('WORKER_PORT');
  });

  it('asks for a required variable and explains a Kubernetes service link', () => {
    const required = defineEnv({
      PORT: integer({ min: 1, max: 65535, required: true, describe: 'Port.' }),
    });
    const port: EnvValues<typeof required.fields>['PORT'] = 1;
    expect(port).toBe(1);
    expect(parseEnv(required, {})).toEqual({
      ok: false,
      errors: [{ variable: 'PORT', expected: 'an integer from 1 to 65535', got: 'nothing' }],
      partial: {},
    });
    const linked = parseEnv(schema, { WORKER_PORT: 'tcp://10.0.0.7:8082' });
    expect(linked).toMatchObject({
      errors: [{ variable: 'WORKER_PORT', hint: expect.stringContaining('enableServiceLinks') }],
    });
  });
});

describe('defineEnv', () => {
  it('refuses a default that its own field refuses', () => {
    const port = (value: number) => integer({ min: 0, max: 10, default: value, describe: '' });
    expect(() => defineEnv({ A_PORT: port(11) })).toThrow('A_PORT');
    expect(() => defineEnv({ A_PORT: port(10) })).not.toThrow();
  });

  it('refuses a name that no shell can export and a required field with a default', () => {
    const field = integer({ min: 0, max: 1, default: 0, required: true, describe: '' });
    expect(() => defineEnv({ 'a-port': { ...field, required: false } })).toThrow('UPPER_SNAKE');
    expect(() => defineEnv({ A_PORT: field })).toThrow('required');
  });
});
