import { describe, expect, it } from '@jest/globals';
import { prometheusUnderTest } from './prometheus-programs.ts';

describe('prometheusUnderTest', () => {
  it('lets specs skip where there is none, but not where it is required', () => {
    const none = () => undefined;
    const found = { promtool: 'promtool', prometheus: 'prometheus', amtool: 'amtool' };
    expect(prometheusUnderTest(none, {})).toBeUndefined();
    expect(() => prometheusUnderTest(none, { REQUIRE_PROMTOOL: '1' })).toThrow(
      /not all of promtool/,
    );
    expect(prometheusUnderTest(() => found, { REQUIRE_PROMTOOL: '1' })).toBe(found);
  });
});
