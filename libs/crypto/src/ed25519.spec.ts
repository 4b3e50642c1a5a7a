import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import { bytesToHex } from './bytes.ts';
import { generateSeed, keyPairFromSeed, sign, verifyStrict, type KeyPair } from './ed25519.ts';

const seed = new Uint8Array(32).map((_, i) => 0xa0 + i);
const keyPair = keyPairFromSeed(seed);
const message = Uint8Array.of(1, 2, 3);

describe('a key pair does not give its seed away', () => {
  const spellings = [bytesToHex(seed), seed.join(','), seed.join(', '), '"0":160', '160,'];
  const leaks = (text: string): boolean => spellings.some((spelling) => text.includes(spelling));

  it('to JSON, inspection, string conversion, spread or winston', () => {
    let logged = '';
    const format = winston.format.printf((info) => (logged = JSON.stringify(info)));
    const logger = winston.createLogger({
      format,
      transports: [new winston.transports.Console({ silent: true })],
    });
    format.transform({ level: 'info', message: 'start', keyPair, nested: { keyPair } });
    logger.close();
    const texts = [
      JSON.stringify({ keyPair }),
      inspect(keyPair),
      inspect({ deep: { keyPair } }, { depth: 10, showHidden: true }),
      inspect(keyPair, { showHidden: true, customInspect: false, depth: 5 }),
      String(keyPair),
      JSON.stringify({ ...keyPair }),
      logged,
    ];
    expect(logged).toContain(bytesToHex(keyPair.publicKey));
    for (const text of texts) expect(leaks(text)).toBe(false);
  });

  it('while a plain object with the same fields would', () => {
    const plain: KeyPair = { seed, publicKey: keyPair.publicKey };
    expect(leaks(JSON.stringify(plain))).toBe(true);
  });

  it('and hands out copies that cannot change it', () => {
    keyPair.seed.fill(0);
    keyPair.publicKey.fill(0);
    expect(bytesToHex(keyPair.seed)).toBe(bytesToHex(seed));
    expect(bytesToHex(keyPairFromSeed(seed).publicKey)).toBe(bytesToHex(keyPair.publicKey));
  });
});

describe('sign', () => {
  it('never signs under a public key that is not the seed’s own', () => {
    const other = keyPairFromSeed(new Uint8Array(32).fill(1));
    const mixed: KeyPair = { seed, publicKey: other.publicKey };
    expect(bytesToHex(sign(message, mixed))).toBe(bytesToHex(sign(message, keyPair)));
  });
});

describe('seeds', () => {
  it('are 32 fresh bytes', () => {
    expect(generateSeed()).toHaveLength(32);
    expect(bytesToHex(generateSeed())).not.toBe(bytesToHex(generateSeed()));
  });

  it('of another length are refused, and a seed is copied', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => keyPairFromSeed(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'length_invalid' }),
      );
    }
    const wiped = Uint8Array.from(seed);
    const pair = keyPairFromSeed(wiped);
    wiped.fill(0);
    const signature = sign(message, pair);
    expect(verifyStrict({ publicKey: keyPair.publicKey, message, signature })).toBe('valid');
  });
});
