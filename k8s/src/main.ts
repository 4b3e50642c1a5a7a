import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeDocuments } from './documents.ts';
import { findRenderer } from './renderer.ts';
import { overlayNames, renderOverlay } from './renderings.ts';
import { validateAll } from './validate.ts';

type Command = (args: readonly string[]) => Promise<number> | number;

const root = process.cwd();
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

const commands: Readonly<Record<string, Command>> = {
  render: () => {
    const renderer = findRenderer();
    print(`rendered by ${renderer.description}`);
    mkdirSync(join(root, 'dist/k8s'), { recursive: true });
    for (const name of overlayNames) {
      const path = `dist/k8s/${name}.yaml`;
      const { text, rendering } = renderOverlay(name, { root, renderer });
      writeFileSync(join(root, path), text);
      print(`${path}: ${rendering.objects.length} objects`);
    }
    return 0;
  },
  validate: async () => {
    const { lines, problems } = await validateAll({ root, renderer: findRenderer() });
    for (const line of lines) print(line);
    for (const problem of problems) complain(problem);
    print(problems.length === 0 ? 'valid' : `${problems.length} problems`);
    return problems.length === 0 ? 0 : 1;
  },
  docs: async () => {
    const renderer = findRenderer();
    const renderings = overlayNames.map(
      (name) => renderOverlay(name, { root, renderer }).rendering,
    );
    for (const path of await writeDocuments(root, renderings)) print(`wrote ${path}`);
    return 0;
  },
};

/** @returns the exit code: 0 done, 1 refused or found wanting, 2 used wrongly. */
export async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const command = commands[name];
  if (command === undefined) {
    complain(`expected one of ${Object.keys(commands).join(', ')}, got ${name || 'nothing'}`);
    return 2;
  }
  try {
    return await command(args);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
