import { seededBytes } from '@tops/testing';
import type { RandomBelow } from '../src/index.ts';

const CHUNK_WORDS = 2 ** 9;

/** A repeatable randomBelow: 32 bits a draw, so its bias is far below what these tests can see. */
export function seededRandomBelow(seed: number): RandomBelow {
  let chunk = 0;
  let words: DataView = new DataView(new ArrayBuffer(0));
  let offset = 0;
  return (max) => {
    if (offset === words.byteLength) {
      words = new DataView(seededBytes(seed * 100_000 + chunk++, CHUNK_WORDS * 4).buffer);
      offset = 0;
    }
    const word = words.getUint32(offset);
    offset += 4;
    return Math.floor((word / 2 ** 32) * max);
  };
}
