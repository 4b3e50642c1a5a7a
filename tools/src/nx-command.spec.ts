import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tops-nx-command-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** As a workflow calls Nx, without a shell of the test's own. */
function nx(...args: string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^NX_/.test(name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/nx/dist/bin/nx.js', 'run', ...args],
    { encoding: 'utf8', env: { ...Object.fromEntries(inherited), NX_DAEMON: 'false' } },
  );
  return { status, text: stdout + stderr };
}

describe('./tools/nx:command', () => {
  it.each([
    { what: 'a substitution', tag: (file: string) => `$(touch\${IFS}${file})` },
    { what: 'backticks', tag: (file: string) => `\`touch\${IFS}${file}\`` },
    { what: 'a second command', tag: (file: string) => `v1;touch ${file}` },
    { what: 'quotes of its own', tag: (file: string) => `"";touch\${IFS}${file};""` },
  ])('hands on $what as text, and --env as an option', ({ tag }) => {
    const file = join(directory, 'made-by-a-shell');
    const given = tag(file);
    const { status, text } = nx(
      ...['tools:deploy', '--', '--env=staging', `--tag=${given}`, '--repository=owner/name'],
    );
    expect(text).toContain(`deploy: expected a tag, got ${given}`);
    expect(status).not.toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('hands on words that are no options', () => {
    const { status, text } = nx('tools:compare-bench', '--', 'a.json', '--max-drop', '0.10');
    expect(text).toContain('usage: compare-bench BASE.json NEW.json');
    expect(status).not.toBe(0);
  });
});
