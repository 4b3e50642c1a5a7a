// Makes generated/ from the thread's sources: its script as a string, so that it works the same under a test runner, in
// an application bundle and beside one. Run: npx nx codegen ledger
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const projectRoot = dirname(fileURLToPath(import.meta.url));
const outDir = join(projectRoot, 'generated');

const { outputFiles } = await build({
  entryPoints: [join(projectRoot, 'src/thread/thread-entry.ts')],
  tsconfig: join(projectRoot, 'tsconfig.json'),
  bundle: true,
  write: false,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  external: ['libsql'],
  // A thread made from text would look for packages in the working directory.
  banner: {
    js: "require = require('node:module').createRequire(require('node:worker_threads').workerData.resolveFrom);",
  },
  minify: true,
  legalComments: 'none',
});
const text = outputFiles[0].text;
mkdirSync(outDir, { recursive: true });
writeFileSync(
  join(outDir, 'ledger-thread-source.ts'),
  `// Made by codegen.mjs.\nexport const ledgerThreadSource =\n  ${JSON.stringify(text)};\n`,
);
process.stdout.write(`ledger thread ${text.length} bytes\n`);
