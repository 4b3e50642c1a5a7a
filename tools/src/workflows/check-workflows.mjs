// npx nx run tools:check-workflows: actionlint and the repository's own rules over .github, without a network.
//
// node tools/src/workflows/check-workflows.mjs [--root DIR]: DIR holds another .github; targets are those of this workspace.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lintWorkflows } from './actionlint.mjs';
import { readWorkspace } from './nx-commands.mjs';
import { rules } from './rules.mjs';
import { readWorkflowFiles, stepsOf } from './workflow-files.mjs';

const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));
const { values } = parseArgs({ options: { root: { type: 'string', default: workspaceRoot } } });
const files = readWorkflowFiles(values.root);
if (files.length === 0) {
  console.error(`check-workflows: expected workflows in ${values.root}, got none`);
  process.exit(2);
}
const workspace = readWorkspace(workspaceRoot);
const found = [
  ...(await lintWorkflows(files)).map((problem) => `actionlint: ${problem}`),
  ...Object.entries(rules).flatMap(([name, rule]) =>
    rule(files, { workspace }).map((problem) => `${name}: ${problem}`),
  ),
];
for (const problem of found) console.error(problem);
const stepCount = files.flatMap(stepsOf).length;
console.log(
  `${files.length} files, ${stepCount} steps, ${Object.keys(rules).length} rules and actionlint: ${found.length} problems`,
);
// The WebAssembly of Go keeps timers: nothing here is waited for any more.
process.exit(found.length === 0 ? 0 : 1);
