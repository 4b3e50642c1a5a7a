// Runs one project's specs: node tools/src/run-jest.mjs PROJECT_ROOT PROJECT_NAME [JEST_OPTION…]
// Jest loads ES modules only behind a Node flag; the JSON result is what `npm test` counts.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const [projectRoot, projectName, ...jestOptions] = process.argv.slice(2);
if (!projectRoot || !projectName) {
  console.error('usage: run-jest.mjs PROJECT_ROOT PROJECT_NAME [JEST_OPTION…]');
  process.exit(2);
}

const resultsDir = 'dist/test-results';
mkdirSync(resultsDir, { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [
    '--disable-warning=ExperimentalWarning',
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--config=jest.config.mjs',
    `--rootDir=${projectRoot}`,
    '--json',
    `--outputFile=${resultsDir}/${projectName}.json`,
    ...jestOptions,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
process.exit(status ?? 1);
