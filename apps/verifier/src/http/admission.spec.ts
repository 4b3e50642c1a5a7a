import { describe, expect, it } from '@jest/globals';
import { Admission } from './admission.ts';

const limits = {
  receipts: { max: 4, maxPerAddress: 3 },
  proofs: { max: 6, maxPerAddress: 5 },
  proofBacklog: { max: 4, maxPerAddress: 2 },
};

function fill(admission: Admission, kind: 'receipt' | 'proof', address: string, count: number) {
  return Array.from({ length: count }, () => admission.enter(kind, address));
}

describe('Admission', () => {
  it('bounds each class in all and for one address, and gives places back', () => {
    const admission = new Admission(limits);
    expect(fill(admission, 'receipt', 'a', 4)).toEqual([true, true, true, false]);
    expect(fill(admission, 'receipt', 'b', 2)).toEqual([true, false]);
    admission.leave('receipt', 'a');
    expect(admission.hasRoom('receipt', 'b')).toBe(true);
    // Asking takes nothing.
    expect(admission.hasRoom('receipt', 'b')).toBe(true);
    expect(fill(admission, 'receipt', 'b', 2)).toEqual([true, false]);
  });

  it('takes proofs while it turns new receipts away, never the other way round', () => {
    const admission = new Admission(limits);
    fill(admission, 'receipt', 'a', 3);
    expect(admission.enter('receipt', 'a')).toBe(false);
    expect(fill(admission, 'proof', 'a', 6)).toEqual([true, true, true, true, true, false]);
  });

  it('stops receipts of an address that has a backlog of proofs, and of all at a backlog of all', () => {
    const admission = new Admission(limits);
    fill(admission, 'proof', 'a', 2);
    expect(admission.hasRoom('receipt', 'a')).toBe(false);
    expect(admission.hasRoom('receipt', 'b')).toBe(true);
    admission.leave('proof', 'a');
    expect(admission.hasRoom('receipt', 'a')).toBe(true);
    fill(admission, 'proof', 'c', 3);
    expect(admission.hasRoom('receipt', 'b')).toBe(false);
    expect(admission.hasRoom('proof', 'b')).toBe(true);
  });
});
