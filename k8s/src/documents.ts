import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { parse, stringify } from 'yaml';
import type { Rendering } from './manifest.ts';
import { reachability, renderReachability } from './reachability/table.ts';

const TABLES = 'docs/kubernetes.md';
const PROMETHEUS_RULE = 'k8s/components/monitoring/prometheus-rule.yaml';
const RULES_DIRECTORY = 'monitoring/rules';

interface Generated {
  readonly path: string;
  readonly text: string;
}

/** Files that are made of others and checked in; kustomize reads nothing outside its roots. */
async function generatedDocuments(
  root: string,
  renderings: readonly Rendering[],
): Promise<Generated[]> {
  const rule = prometheusRule(root);
  const tables = withTables(readFileSync(join(root, TABLES), 'utf8'), renderings);
  return [
    { path: PROMETHEUS_RULE, text: await formatted(join(root, PROMETHEUS_RULE), rule) },
    { path: TABLES, text: await formatted(join(root, TABLES), tables) },
  ];
}

async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

/** @returns a line for each that is not as it would be made now. */
export async function staleDocuments(
  root: string,
  renderings: readonly Rendering[],
): Promise<string[]> {
  const documents = await generatedDocuments(root, renderings);
  return documents
    .filter(({ path, text }) => readFileSync(join(root, path), 'utf8') !== text)
    .map(({ path }) => `${path}: stale, run \`npx nx run k8s:docs\` and commit`);
}

/** Writes them. @returns the paths that changed. */
export async function writeDocuments(
  root: string,
  renderings: readonly Rendering[],
): Promise<string[]> {
  const documents = await generatedDocuments(root, renderings);
  const changed = documents.filter(
    ({ path, text }) => readFileSync(join(root, path), 'utf8') !== text,
  );
  for (const { path, text } of changed) writeFileSync(join(root, path), text);
  return changed.map(({ path }) => path);
}

function withTables(text: string, renderings: readonly Rendering[]): string {
  return ['staging', 'production'].reduce((page, name) => {
    const rendering = renderings.find((each) => each.name === name);
    const marked = new RegExp(
      `(<!-- reachability-${name} -->)[\\s\\S]*?(<!-- /reachability-${name} -->)`,
    );
    if (rendering === undefined || !marked.test(page)) {
      throw new Error(`${TABLES}: expected the markers reachability-${name}`);
    }
    const table = renderReachability(reachability(rendering));
    return page.replace(
      marked,
      (_match, open: string, close: string) => `${open}\n\n${table}\n\n${close}`,
    );
  }, text);
}

/** monitoring/rules as an object of the Prometheus operator; without any rules yet, one without groups. */
export function prometheusRule(root: string): string {
  const directory = join(root, RULES_DIRECTORY);
  const names = existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
    : [];
  const groups = names.flatMap((name) => {
    const file = parse(readFileSync(join(directory, name), 'utf8')) as {
      groups?: unknown[];
    } | null;
    if (!Array.isArray(file?.groups)) {
      throw new Error(`${RULES_DIRECTORY}/${name}: expected groups of rules`);
    }
    return file.groups;
  });
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'tops-worker', labels: { 'app.kubernetes.io/part-of': 'tops-worker' } },
    spec: { groups },
  };
  const comment = `# Made from ${RULES_DIRECTORY} by \`npx nx run k8s:docs\`; do not edit.\n`;
  return comment + stringify(object, { lineWidth: 0 });
}
