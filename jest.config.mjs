// One jest configuration for every project: nx passes the project as --rootDir.
import { fileURLToPath } from 'node:url';

const workspaceRoot = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');

export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/generated/'],
  modulePathIgnorePatterns: ['/dist/', '/.nx/'],
  extensionsToTreatAsEsm: ['.ts', '.wgsl'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'wgsl'],
  moduleNameMapper: { '^@tops/([^/]+)$': `${workspaceRoot}/libs/$1/src/index.ts` },
  transform: { '\\.(ts|wgsl)$': `${workspaceRoot}/tools/jest/esbuild-transform.mjs` },
  transformIgnorePatterns: ['/node_modules/'],
  testTimeout: 30_000,
};
