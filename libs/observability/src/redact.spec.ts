import { describe, expect, it } from '@jest/globals';
import { looksSecret, redact, REDACTED } from './index.ts';

const seedHex = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

describe('looksSecret', () => {
  it.each([
    'sk',
    'WORKER_SK_HEX',
    'seed',
    'seedHex',
    'secretKey',
    'privateKey',
    'private-key',
    'apiKey',
    'keyPair',
    'Authorization',
    'set-cookie',
    'accessToken',
    'password',
  ])('hides %s', (name) => expect(looksSecret(name)).toBe(true));

  it.each(['public_key_hex', 'task', 'risk', 'nonce', 'receiptId', 'keyCount', 'tokenised', 'did'])(
    'shows %s',
    (name) => expect(looksSecret(name)).toBe(false),
  );
});

describe('redact', () => {
  it('hides secrets at every depth, in lists, maps and objects that hide themselves', () => {
    class KeyPair {
      readonly publicKey = 'aa';
      readonly hidden = seedHex;
      toJSON() {
        return { publicKey: this.publicKey };
      }
    }
    const copied = redact({
      config: { worker: [{ seed: seedHex, port: 1 }] },
      headers: new Map([['authorization', `Bearer ${seedHex}`]]),
      pair: new KeyPair(),
    });
    expect(copied).toEqual({
      config: { worker: [{ seed: REDACTED, port: 1 }] },
      headers: { authorization: REDACTED },
      pair: { publicKey: 'aa' },
    });
  });

  it('never prints bytes', () => {
    const key = Uint8Array.from(Buffer.from(seedHex, 'hex'));
    expect(
      redact({ key, buffer: Buffer.from(key), raw: key.buffer, view: new DataView(key.buffer) }),
    ).toEqual({
      key: '[32 bytes]',
      buffer: '[32 bytes]',
      raw: '[32 bytes]',
      view: '[32 bytes]',
    });
  });

  it('walks errors: their codes, own fields and causes', () => {
    const cause = Object.assign(new Error('inner'), { secret: seedHex, code: 'ECONNREFUSED' });
    const error = Object.assign(new TypeError('outer', { cause }), { token: seedHex, row: 7n });
    const copied = redact({ error }) as { error: { cause: Record<string, unknown> } };
    expect(copied.error).toMatchObject({
      name: 'TypeError',
      message: 'outer',
      token: REDACTED,
      row: '7',
    });
    expect(copied.error.cause).toMatchObject({ code: 'ECONNREFUSED', secret: REDACTED });
    expect(JSON.stringify(copied)).not.toContain(seedHex);
  });

  it('hides a known secret wherever it stands, and bearer words anywhere', () => {
    const error = new Error(`bad key ${seedHex}`);
    const copied = redact({ error, [seedHex]: [seedHex] }, { secretValues: [seedHex, ''] });
    expect(JSON.stringify(copied)).not.toContain(seedHex);
    expect(JSON.stringify(copied)).toContain('bad key');
    expect(redact('sent Authorization: Bearer abc.def')).toBe(
      `sent Authorization: Bearer ${REDACTED}`,
    );
    // The control: without being told, it is an ordinary text.
    expect(JSON.stringify(redact({ text: seedHex }))).toContain(seedHex);
  });

  it('bounds everything and survives what JSON cannot hold', () => {
    const circular: Record<string, unknown> = { name: 'a' };
    circular['self'] = circular;
    let deep: unknown = 'end';
    for (let i = 0; i < 50; i++) deep = { deep };
    const throwing = {
      get value(): string {
        throw new Error('no');
      },
    };
    const copied = redact({
      circular,
      deep,
      throwing,
      long: 'x'.repeat(10_000),
      many: Array.from({ length: 1000 }, (_, i) => i),
      count: 5n,
      nan: Number.NaN,
      call: () => 1,
      date: new Date(0),
    }) as Record<string, unknown>;
    expect(copied['circular']).toEqual({ name: 'a', self: '[circular]' });
    expect(JSON.stringify(copied['deep'])).toContain('[too deep]');
    expect(copied['throwing']).toBe('[unreadable]');
    expect(copied['long']).toHaveLength(4097);
    expect(copied['many']).toHaveLength(101);
    expect(copied).toMatchObject({
      count: '5',
      nan: 'NaN',
      call: '[function]',
      date: '1970-01-01T00:00:00.000Z',
    });
  });
});
