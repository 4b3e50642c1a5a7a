// Every package of the lockfiles has a licence that this project may be shipped with: npx nx run tools:check-licences
//
// node tools/src/check-licences.mjs [LOCKFILE…]. Read from the lockfile, so packages of other platforms are seen too.
import { readFileSync } from 'node:fs';
import process from 'node:process';

const LOCKFILES = ['package-lock.json', 'libs/kernel-cpu/bench/peers/package-lock.json'];
/** Permissive, by SPDX identifier. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
]);

/** One side of an OR is enough; of an AND every part is needed. */
const isFlatAllowed = (expression) =>
  expression
    .split(' OR ')
    .some((side) => side.split(' AND ').every((licence) => ALLOWED.has(licence.trim())));

/** What is in parentheses is settled first, from the inside. */
function isAllowed(expression) {
  const innermost = /\(([^()]*)\)/;
  let text = expression;
  while (innermost.test(text))
    text = text.replace(innermost, (_all, inner) => (isFlatAllowed(inner) ? 'MIT' : 'none'));
  return isFlatAllowed(text);
}

const lockfiles = process.argv.length > 2 ? process.argv.slice(2) : LOCKFILES;
let packageCount = 0;
const problems = [];
for (const lockfile of lockfiles) {
  for (const [path, { license, version }] of Object.entries(
    JSON.parse(readFileSync(lockfile, 'utf8')).packages,
  )) {
    if (path === '') continue;
    packageCount += 1;
    const name = path.split('node_modules/').at(-1);
    if (license === undefined) problems.push(`${lockfile}: ${name}@${version}: no licence`);
    else if (!isAllowed(license)) problems.push(`${lockfile}: ${name}@${version}: ${license}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${packageCount} packages: ${problems.length} problems`);
// None at all would be a lockfile of another form, not a project without dependencies.
process.exit(problems.length === 0 && packageCount > 0 ? 0 : 1);
