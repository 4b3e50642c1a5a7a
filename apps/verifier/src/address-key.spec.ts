import { describe, expect, it } from '@jest/globals';
import { addressKey } from './address-key.ts';

describe('addressKey', () => {
  it('keeps IPv4 whole, also when a dual-stack socket maps it', () => {
    expect(addressKey('192.0.2.7')).toBe('192.0.2.7');
    expect(addressKey('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(addressKey('::ffff:c000:207')).toBe('192.0.2.7');
    expect(addressKey('192.0.2.8')).not.toBe(addressKey('192.0.2.7'));
  });

  it('counts IPv6 by /64, however it is written', () => {
    const key = addressKey('2001:db8:0:7::1');
    expect(key).toBe('2001:db8:0:7::/64');
    expect(addressKey('2001:0DB8:0000:0007:ffff:ffff:ffff:ffff')).toBe(key);
    expect(addressKey('2001:db8:0:8::1')).not.toBe(key);
    expect(addressKey('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
  });

  it('puts whatever is no address into one bucket', () => {
    for (const text of [undefined, '', 'localhost', '1.2.3.4.5', 'x'.repeat(10_000)]) {
      expect(addressKey(text)).toBe('unknown');
    }
  });
});
