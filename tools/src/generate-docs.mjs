// Writes the docs that come from code, or with --check fails when one is stale:
// docs/configuration.md from both apps' environment schemas, docs/errors.md from the protocol's code list, docs/metrics.md from
// both apps' registries; and the tables within pages of prose: what cheating pays, the rule of reputation, its simulation.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const bundlePath = 'dist/tools/docs.mjs';
const entry = `
  import { renderConfigMarkdown } from '@tops/config';
  import { createMetrics, renderMetricsMarkdown } from '@tops/observability';
  import { renderErrorsMarkdown } from '@tops/protocol';
  import { verifierConfigSection } from './apps/verifier/src/config.ts';
  import { createVerifierMetrics } from './apps/verifier/src/metrics.ts';
  import { workerConfigSection } from './apps/worker/src/config.ts';
  import { createWorkerMetrics } from './apps/worker/src/metrics.ts';
  import { cliConfigSection } from './apps/cli/src/cli-env.ts';
  import { renderCheatingTable } from '@tops/verification';
  import { renderReputationRule } from '@tops/ledger';
  import { renderSimulationTable } from './apps/verifier/test/simulation/simulation-table.ts';
  const configurationIntroduction = [
    '# Configuration',
    'Made from the schemas of the apps by \`npx nx run tools:docs\`; do not edit. Everything is read from the environment, ' +
      'once, at start. All errors are reported together, each with its variable, what was expected and what was got ' +
      '(secrets redacted), and end the process with exit code 78. An empty value counts as unset. ' +
      'A name that is almost one of these (two edits away), or starts like them and is none, is refused with the name that was meant.',
    '',
  ].join('\\n\\n');
  const metricsIntroduction = [
    '# Metrics',
    'Made from the registries of the apps by \`npx nx run tools:docs\`; do not edit. Served at \`/metrics\` (the verifier: on METRICS_PORT where it is set) ' +
      'in the Prometheus text format, unless METRICS_ENABLED=0, beside the process_… and nodejs_… families of prom-client. Base units throughout; ' +
      'counters and gauges start at 0 with every label value; no label ever holds a key, an address or an id.',
    '',
  ].join('\\n\\n');
  const renderMetrics = () => {
    const sectionOf = (title, prefix, create, intro) => {
      const metrics = createMetrics({ prefix, defaultMetrics: false });
      create(metrics);
      return { title, intro, registry: metrics.registry };
    };
    return renderMetricsMarkdown([
      sectionOf('Worker', 'tops_worker_', createWorkerMetrics,
        'A GPU that stalls shows in \`tops_worker_device_gemm_ratio\` falling towards 0 while ' +
        '\`tops_worker_device_gemm_ops_per_second\` stays; one that is only slow, in \`tops_worker_device_attempt_gemm_ratio\`; ' +
        'one that waits for work, in the rate of \`tops_worker_device_seconds_total\` being well below 1.'),
      sectionOf('Verifier', 'tops_verifier_', createVerifierMetrics),
    ]);
  };
  export const documents = {
    'docs/configuration.md': () => configurationIntroduction + renderConfigMarkdown([workerConfigSection, verifierConfigSection, cliConfigSection]),
    'docs/errors.md': () => renderErrorsMarkdown(),
    'docs/metrics.md': async () => metricsIntroduction + (await renderMetrics()),
  };
  export const tables = {
    'cheating-table': { paths: ['README.md', 'SECURITY.md'], render: renderCheatingTable },
    'reputation-rule': { paths: ['docs/reputation.md'], render: renderReputationRule },
    'reputation-simulation': { paths: ['docs/reputation.md'], render: renderSimulationTable },
  };
`;

mkdirSync('dist/tools', { recursive: true });
await build({
  stdin: { contents: entry, resolveDir: process.cwd(), loader: 'ts' },
  outfile: bundlePath,
  tsconfig: 'tsconfig.base.json',
  bundle: true,
  external: ['webgpu', 'libsql', 'pg'],
  loader: { '.wgsl': 'text' },
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const { documents, tables } = await import(pathToFileURL(bundlePath).href);

const check = process.argv.includes('--check');
const stale = [];

async function emit(path, text) {
  const wanted = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
  let current = '';
  try {
    current = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (current === wanted) return;
  if (check) stale.push(path);
  else writeFileSync(path, wanted);
}

/** Replaces what stands between two markers, so that prose and generated tables share a page. */
function withTable(text, { path, name, table }) {
  const marked = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!marked.test(text)) throw new Error(`${path}: the ${name} markers are missing`);
  return text.replace(marked, (_match, open, close) => `${open}\n\n${table}\n\n${close}`);
}

/** Every page that holds tables, with all of them as they are now. */
function pagesWithTables() {
  const pages = new Map();
  for (const [name, { paths, render }] of Object.entries(tables)) {
    const table = render();
    for (const path of paths) {
      const text = pages.get(path) ?? readFileSync(path, 'utf8');
      pages.set(path, withTable(text, { path, name, table }));
    }
  }
  return pages;
}

for (const [path, render] of Object.entries(documents)) await emit(path, await render());
for (const [path, text] of pagesWithTables()) await emit(path, text);

if (stale.length > 0) {
  console.error(`stale: ${stale.join(', ')} (run \`npx nx run tools:docs\` and commit)`);
  process.exit(1);
}
