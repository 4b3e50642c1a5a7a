import { describe, expect, it } from '@jest/globals';
import { protocolVectors, seededBytes } from './index.ts';

describe('seededBytes', () => {
  it('repeats for one seed and differs between seeds', () => {
    expect(seededBytes(7, 64)).toEqual(seededBytes(7, 64));
    expect(seededBytes(7, 64)).not.toEqual(seededBytes(8, 64));
  });

  it('uses the whole byte range', () => {
    expect(new Set(seededBytes(1, 4096)).size).toBe(256);
  });
});

describe('protocolVectors', () => {
  it('holds the three named shapes with leaves of 32 bytes for each challenged row', () => {
    expect(protocolVectors.map((vector) => vector.name)).toEqual([
      'smallest',
      'tall',
      'square-256',
    ]);
    for (const vector of protocolVectors) {
      expect(vector.leaves_hex).toHaveLength(vector.rows.length * 64);
    }
  });
});
