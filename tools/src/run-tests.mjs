// `npm test`: lint, types, repository checks, unit, property and end-to-end tests of every project, then the count.
import { spawnSync } from 'node:child_process';
import { clearResults, printSummary, readResults } from './test-summary.mjs';

clearResults();
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/nx/dist/bin/nx.js',
    'run-many',
    '--targets=lint,typecheck,check,test,e2e',
    '--output-style=static',
  ],
  { stdio: 'inherit' },
);
const results = readResults();
printSummary(results);
process.exit(status === 0 && results.failed === 0 && results.passed > 0 ? 0 : 1);
