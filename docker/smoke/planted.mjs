// One file, or setting, for each thing that must not be in an image. None of it is a secret of anything.
const HEX_SECRET = 'ab'.repeat(32);
const BASE64_LINE = 'A'.repeat(64);

/** The first is hidden by a later layer where an image is made of them. */
export const plantedFiles = [
  { what: 'secrets in files', path: 'app/signing-seed', content: `${HEX_SECRET}\n` },
  {
    what: 'secrets in files',
    path: 'app/notes.txt',
    content: `-----BEGIN PRIVATE KEY-----\n${BASE64_LINE}\n-----END PRIVATE KEY-----\n`,
  },
  {
    what: 'secrets in files',
    path: 'etc/registry-settings',
    content: '//registry.example/:_authToken=abcdefgh1234\n',
  },
  { what: 'secrets in files', path: 'app/a.js', content: `const t = 'npm_${'a1'.repeat(18)}';` },
  { what: 'keys and environment files', path: 'data/service.key', content: 'x' },
  { what: 'keys and environment files', path: 'app/.env.production', content: 'x' },
  { what: 'keys and environment files', path: 'app/.git/config', content: 'x' },
  { what: 'source maps', path: 'app/apps/verifier/main.js.map', content: '{"sources":["/src/a"]}' },
  {
    what: 'source maps',
    path: 'app/apps/verifier/inline.js',
    content: '//# sourceMappingURL=data:application/json;base64,e30=\n',
  },
  { what: "npm's cache or settings", path: 'root/.npm/_cacache/index', content: 'x' },
  { what: "npm's cache or settings", path: 'app/.npmrc', content: 'x' },
  { what: 'other packages', path: 'app/node_modules/jest/package.json', content: '{}' },
  { what: 'other packages', path: 'app/node_modules/@nx/js/package.json', content: '{}' },
  {
    what: 'other packages',
    path: 'app/node_modules/libsql/node_modules/typescript/package.json',
    content: '{}',
  },
  { what: 'shells', path: 'usr/bin/dash', content: 'x' },
  { what: 'package managers', path: 'usr/local/bin/npm', content: 'x' },
  { what: 'sources and tests', path: 'app/apps/verifier/main.spec.js', content: 'x' },
  { what: 'sources and tests', path: 'app/libs/crypto/index.ts', content: 'x' },
  { what: 'files that give rights', path: 'usr/bin/mount', content: 'x', mode: 0o4755 },
  { what: 'files that anybody may write', path: 'app/shared.txt', content: 'x', mode: 0o666 },
];

export const plantedSettings = [
  `VERIFIER_SK_HEX=${HEX_SECRET}`,
  'ADMIN_TOKEN=abcdefgh',
  'SOMEWHERE=postgres://tops:planted@postgres/tops',
];
