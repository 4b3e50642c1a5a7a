// Adds up the jest results of every project and ends with `tests: N passed, N failed`.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const resultsDir = 'dist/test-results';

/** Forgets earlier runs, so that a removed project or spec cannot be counted. */
export function clearResults() {
  rmSync(resultsDir, { recursive: true, force: true });
}

/** Sums one jest JSON result a project; a suite that could not even load counts as one failure. */
export function readResults() {
  const files = existsSync(resultsDir) ? readdirSync(resultsDir).sort() : [];
  const total = { passed: 0, failed: 0, skipped: [] };
  for (const file of files) {
    const result = JSON.parse(readFileSync(join(resultsDir, file), 'utf8'));
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    for (const suite of result.testResults) {
      for (const test of suite.assertionResults) {
        if (test.status === 'pending' || test.status === 'todo') total.skipped.push(test.fullName);
      }
    }
  }
  return total;
}

/** Prints what was skipped by name, then the closing line. */
export function printSummary({ passed, failed, skipped }) {
  for (const name of skipped) console.log(`skipped: ${name}`);
  console.log(`tests: ${passed} passed, ${failed} failed`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = readResults();
  printSummary(results);
  process.exit(results.failed === 0 && results.passed > 0 ? 0 : 1);
}
