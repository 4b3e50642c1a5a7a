import { describe, expect, it } from '@jest/globals';
import { withRelease } from './changelog-text.mjs';

const release = { version: '0.2.0', date: '2026-01-02', entries: '## 0.2.0\n\n### Fixed\n\n- b\n' };
const changelog =
  '# Changelog\n\nAll of it.\n\n## Unreleased\n\n### Added\n\n- a\n\n## 0.1.0 (x)\n\n- z\n';

describe('withRelease', () => {
  it('gives the release what was unreleased, and the commits', () => {
    expect(withRelease(changelog, release)).toBe(
      [
        '# Changelog',
        'All of it.',
        '## Unreleased',
        '## 0.2.0 (2026-01-02)',
        '### Added',
        '- a',
        '### Commits',
        '#### Fixed',
        '- b',
        '## 0.1.0 (x)',
        '- z\n',
      ].join('\n\n'),
    );
  });

  it('is a first release, too, and one with no commits worth telling', () => {
    const first = '# Changelog\n\n## Unreleased\n\n- a\n';
    expect(withRelease(first, { ...release, entries: '' })).toBe(
      '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-01-02)\n\n- a\n',
    );
  });

  it('refuses a version that is there, and a changelog of another form', () => {
    const twice = withRelease(changelog, release);
    expect(() => withRelease(twice, release)).toThrow('already');
    expect(() => withRelease('# Changelog\n', release)).toThrow('Unreleased');
  });
});
