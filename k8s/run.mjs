// node k8s/run.mjs COMMAND …: bundles src/main.ts, by the configuration of the apps, and runs it.
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import process from 'node:process';
import { build } from 'esbuild';

const { banner } = createRequire(import.meta.url)('../tools/esbuild.config.cjs');
// Of its own: two commands may run at once.
const bundlePath = `dist/k8s/main-${process.pid}.mjs`;
mkdirSync('dist/k8s', { recursive: true });
await build({
  entryPoints: ['k8s/src/main.ts'],
  outfile: bundlePath,
  tsconfig: 'tsconfig.base.json',
  bundle: true,
  // Loaded as they are: the schemas are big and need no bundling, the rest finds files beside itself.
  external: [
    'webgpu',
    'libsql',
    'pg',
    'yaml',
    'kubernetes-models',
    '@kubernetes-models/*',
    'prettier',
  ],
  loader: { '.wgsl': 'text' },
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner,
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(bundlePath).href);
rmSync(bundlePath);
process.exitCode = await main(process.argv.slice(2), {
  root: process.cwd(),
  env: process.env,
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
});
