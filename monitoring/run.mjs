// node monitoring/run.mjs check|dashboards: rules, dashboards and runbook against the metrics of the apps, or the dashboards' JSON.
import { mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const command = process.argv[2];
if (command !== 'check' && command !== 'dashboards') {
  console.error('usage: run.mjs check|dashboards');
  process.exit(2);
}

const bundlePath = 'dist/monitoring/main.mjs';
mkdirSync('dist/monitoring', { recursive: true });
await build({
  entryPoints: ['monitoring/src/main.ts'],
  outfile: bundlePath,
  tsconfig: 'tsconfig.base.json',
  bundle: true,
  external: ['webgpu'],
  loader: { '.wgsl': 'text' },
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const { run } = await import(pathToFileURL(bundlePath).href);

const config = await resolveConfig('monitoring/grafana/dashboards/tops-fleet.json');
const problems = await run(command, {
  root: process.cwd(),
  format: (json) => format(json, { ...config, parser: 'json' }),
});
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
