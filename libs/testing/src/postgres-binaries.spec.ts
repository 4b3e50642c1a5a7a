import { describe, expect, it } from '@jest/globals';
import { postgresUnderTest } from './postgres-binaries.ts';

describe('postgresUnderTest', () => {
  const none = () => undefined;

  it('lets specs skip where there is no server, but not where one is required', () => {
    expect(postgresUnderTest(none, {})).toBeUndefined();
    expect(() => postgresUnderTest(none, { REQUIRE_POSTGRES: '1' })).toThrow(/no PostgreSQL/);
    const found = { binDir: '/bin', version: 'postgres (PostgreSQL) 17.0' };
    expect(postgresUnderTest(() => found, { REQUIRE_POSTGRES: '1' })).toBe(found);
  });
});
