import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { forbidden, lookIntoFiles, lookIntoSettings } from './look-inside.mjs';
import { plantedFiles, plantedSettings } from './planted.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tops-inside-'));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, content = '', mode = 0o644) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
}

describe('lookIntoFiles', () => {
  it('finds nothing in what an image is meant to hold', () => {
    write('app/apps/verifier/main.js', "const armour = '-----BEGIN PRIVATE KEY-----';\n");
    write('app/apps/verifier/main.js', '//# sourceMappingURL=main.js.map\n');
    write('app/apps/verifier/kernel_cpu.node', '\u007fELF', 0o755);
    for (const name of ['libsql', '@libsql/linux-x64-gnu', '@neon-rs/load', 'detect-libc'])
      write(`app/node_modules/${name}/package.json`, '{}');
    write('app/node_modules/libsql/node_modules/ms/index.js');
    write('usr/local/bin/node', '-----BEGIN PRIVATE KEY-----', 0o755);
    write('usr/lib/x86_64-linux-gnu/libssl.so.3', 'sourceMappingURL=data:');
    write('var/lib/dpkg/status', 'Package: libc6\n');
    write('app/LICENSE', 'Apache');
    write('app/digests.txt', `${'ab'.repeat(32)}  main.js\n`);
    symlinkSync('usr/bin', join(root, 'bin'));
    expect(lookIntoFiles(root)).toEqual([]);
  });

  it.each(plantedFiles)('sees $path as $what', ({ what, path, content, mode }) => {
    write(path, content, mode);
    const findings = lookIntoFiles(root);
    expect(findings).toContainEqual([what, path]);
    // A plant that shows as several things would hide a rule that sees nothing.
    expect(new Set(findings.map(([found]) => found))).toEqual(new Set([what]));
  });

  it('sees a shell that is a link', () => {
    mkdirSync(join(root, 'bin'));
    symlinkSync('busybox.static', join(root, 'bin/sh'));
    expect(lookIntoFiles(root)).toEqual([['shells', 'bin/sh']]);
  });
});

describe('lookIntoSettings', () => {
  it.each([
    ...plantedSettings,
    'org.opencontainers.image.source=https://user:token@example.org/tops',
    'ENV DATABASE_URL=postgres://tops@postgres/tops',
    'RUN |1 NPM_TOKEN=abc npm ci',
    '/bin/sh -c #(nop)  ENV POSTGRES_PASSWORD=abc',
  ])('sees %s', (line) => {
    expect(lookIntoSettings([line])).toHaveLength(1);
  });

  it.each([
    'PATH=/usr/local/bin',
    'NODE_ENV=production',
    'SHUTDOWN_DEADLINE_MS=8000',
    'org.opencontainers.image.source=https://example.org/tops',
    'COPY docker/build/ensure-secret.mjs docker/build/healthcheck.mjs /app/ # buildkit',
    'VERIFIER_SK_HEX=',
    '',
  ])('takes %p for harmless', (line) => {
    expect(lookIntoSettings([line])).toEqual([]);
  });

  it('does not repeat the secret', () => {
    expect(JSON.stringify(lookIntoSettings(['ADMIN_TOKEN=abcdefgh']))).not.toContain('abcdefgh');
  });
});

describe('the planted files and settings', () => {
  it('hold one of everything that is forbidden', () => {
    const planted = new Set(plantedFiles.map(({ what }) => what));
    planted.add('secrets in settings or history');
    expect([...planted].sort()).toEqual([...forbidden].sort());
  });
});
