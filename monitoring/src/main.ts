import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAll } from './checks/check-all.ts';
import type { CheckInputs } from './checks/inputs.ts';
import { renderDashboard } from './dashboards/render.ts';
import { loadInputs } from './load-inputs.ts';

const dashboardsPath = 'monitoring/grafana/dashboards';

/**
 * `dashboards` writes the JSON that Grafana provisions; `check` looks at everything and writes nothing.
 *
 * @param format - as the repository formats JSON.
 * @returns what is wrong.
 */
export async function run(
  command: string,
  options: { readonly root: string; readonly format: (json: string) => Promise<string> },
): Promise<string[]> {
  const inputs = await loadInputs(options.root);
  const files = await renderFiles(inputs, options.format);
  const directory = join(options.root, dashboardsPath);
  if (command === 'check') return [...checkAll(inputs), ...staleFiles(directory, files)];
  for (const [name, text] of files) writeFileSync(join(directory, name), text);
  return [];
}

/** The dashboards' files by name. */
export async function renderFiles(
  { dashboards }: Pick<CheckInputs, 'dashboards'>,
  format: (json: string) => Promise<string>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const spec of dashboards)
    files.set(`${spec.uid}.json`, await format(JSON.stringify(renderDashboard(spec))));
  return files;
}

/** What of a directory is not what `files` says, files that nobody makes any more included. */
export function staleFiles(directory: string, files: ReadonlyMap<string, string>): string[] {
  const found = readdirSync(directory);
  const stale = [...files].filter(
    ([name, text]) => !found.includes(name) || readFileSync(join(directory, name), 'utf8') !== text,
  );
  return [
    ...stale.map(
      ([name]) => `${name}: stale (run \`npx nx run monitoring:dashboards\` and commit)`,
    ),
    ...found.filter((name) => !files.has(name)).map((name) => `${name}: made by no dashboard`),
  ];
}
