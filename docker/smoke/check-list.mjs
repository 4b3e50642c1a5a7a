// What a smoke test found out: told as it goes, counted as the specs of the repository are, so that `tests: N passed, N failed`
// of tools/src/test-summary.mjs holds it too.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { workspaceRoot } from '../build/images.mjs';

const RESULTS_DIR = join(workspaceRoot, 'dist/test-results');
const STATUS_WORDS = { passed: 'ok  ', failed: 'FAIL', pending: 'skip' };

export class CheckList {
  #name;
  #resultsDir;
  #title = '';
  #checks = [];

  /** @param name - Names the file of results; another run of that name replaces them. */
  constructor(name, resultsDir = RESULTS_DIR) {
    this.#name = name;
    this.#resultsDir = resultsDir;
  }

  /** What the checks from here on are about. */
  begin(title) {
    this.#title = title;
    console.log(title);
  }

  check(isTrue, what) {
    this.#add(isTrue ? 'passed' : 'failed', what);
    return isTrue;
  }

  /** Seen, and counted as neither passed nor failed. */
  skip(what) {
    this.#add('pending', what);
  }

  #add(status, what) {
    console.log(`  ${STATUS_WORDS[status]} ${what}`);
    this.#checks.push({ status, fullName: `${this.#name}: ${this.#title}: ${what}` });
  }

  /** Runs `body`; what it throws is one more check that failed. Then writes the results and sets the exit code. */
  async run(body) {
    try {
      await body();
    } catch (error) {
      this.check(false, error.message);
    }
    this.#finish();
  }

  #finish() {
    const count = (status) => this.#checks.filter((one) => one.status === status).length;
    const [passed, failed] = [count('passed'), count('failed')];
    mkdirSync(this.#resultsDir, { recursive: true });
    writeFileSync(
      join(this.#resultsDir, `${this.#name}.json`),
      JSON.stringify({
        numPassedTests: passed,
        numFailedTests: failed,
        numRuntimeErrorTestSuites: 0,
        testResults: [{ assertionResults: this.#checks }],
      }),
    );
    console.log(`${this.#name}: ${passed} passed, ${failed} failed`);
    // A run without one check shows nothing.
    process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  }
}
