// Every benchmark report of a folder against the one of the same name from an earlier run:
// npx nx run tools:compare-benches -- --base DIR --new DIR [--max-drop 0.1]
//
// A first run has nothing to be compared with, and says so. A report that is gone could hide any drop, so it is one.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { main as compare } from './compare-bench.mjs';

const USAGE = 'usage: compare-benches --base DIR --new DIR [--max-drop 0.1]';

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: '' },
    new: { type: 'string', default: '' },
    'max-drop': { type: 'string', default: '0.1' },
  },
});
if (values.base === '' || values.new === '') {
  console.error(USAGE);
  process.exit(2);
}

const reportsOf = (directory) =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.json'))
        .sort()
    : [];
const [before, after] = [reportsOf(values.base), reportsOf(values.new)];
if (after.length === 0) {
  console.error(`compare-benches: expected reports in ${values.new}, got none`);
  process.exit(2);
}

let worst = 0;
for (const name of new Set([...before, ...after])) {
  console.log(`\n${name}`);
  if (!before.includes(name)) {
    console.log('nothing to be compared with: the first run');
    continue;
  }
  if (!after.includes(name)) {
    console.log('DROP: the report is gone');
    worst = Math.max(worst, 1);
    continue;
  }
  const paths = [join(values.base, name), join(values.new, name)];
  worst = Math.max(worst, compare([...paths, `--max-drop=${values['max-drop']}`]));
}
process.exit(worst);
