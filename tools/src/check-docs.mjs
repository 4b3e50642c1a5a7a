// Every document is there, is not empty, and names only files that exist: links, and paths in code spans.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const documents = execFileSync('git', ['ls-files', '--', '*.md'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '');

const link = /\]\(([^)#\s]+)[^)]*\)/g;
const codePath = /`((?:apps|libs|tools|docs|docker|k8s|monitoring)\/[\w./-]+)`/g;
const problems = [];

for (const path of documents) {
  const text = readFileSync(path, 'utf8');
  if (text.trim() === '') problems.push(`${path}: empty`);
  for (const [, target] of text.matchAll(link)) {
    if (/^[a-z]+:/.test(target)) continue;
    if (!existsSync(join(dirname(path), target))) problems.push(`${path}: no ${target}`);
  }
  for (const [, target] of text.matchAll(codePath)) {
    if (!existsSync(target)) problems.push(`${path}: no ${target}`);
  }
}

for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);
