import { describe, expect, it } from '@jest/globals';
import type { ReceiptRecord } from '@tops/ledger';
import type { ParsedReceipt } from '@tops/protocol';
import { RecentChallenges } from './recent-challenges.ts';

const challenge = (receiptId: string, publicKeyHex = 'key', deadlineAtMs = 10) => ({
  record: { receiptId, publicKeyHex, deadlineAtMs } as ReceiptRecord,
  parsed: { receiptId } as ParsedReceipt,
});

describe('RecentChallenges', () => {
  it('keeps so many, the oldest go first', () => {
    const recent = new RecentChallenges({ capacity: 2 });
    for (const id of ['a', 'b', 'c']) recent.remember(challenge(id));
    expect(recent.size).toBe(2);
    expect(recent.get('a')).toBeUndefined();
    expect(recent.get('b')?.parsed.receiptId).toBe('b');
    expect(recent.get('c')?.record.receiptId).toBe('c');
  });

  it('forgets one, all of a key, and what has ended', () => {
    const recent = new RecentChallenges({ capacity: 10 });
    recent.remember(challenge('a'));
    recent.remember(challenge('b', 'other'));
    recent.remember(challenge('c', 'other', 20));
    recent.remember(challenge('d', 'third', 10));
    recent.remember(challenge('e', 'third', 11));
    recent.forget('a');
    expect(recent.get('a')).toBeUndefined();
    recent.forgetKey('other');
    expect([recent.get('b'), recent.get('c')]).toEqual([undefined, undefined]);
    recent.forgetEnded(11);
    expect(recent.get('d')).toBeUndefined();
    // An answer that arrives at the deadline is in time.
    expect(recent.get('e')).toBeDefined();
    expect(recent.size).toBe(1);
  });
});
