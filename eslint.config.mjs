import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// Who may import whom. ARCHITECTURE.md draws the same picture; a cycle or a missing row is a lint error.
const allowedLibs = {
  config: [],
  observability: [],
  crypto: [],
  protocol: ['crypto'],
  'kernel-spec': ['crypto', 'protocol'],
  'kernel-cpu': ['crypto', 'protocol', 'kernel-spec'],
  'kernel-webgpu': ['crypto', 'protocol', 'kernel-spec'],
  // A library of specs, so it may use what only specs use.
  'kernel-conformance': [
    'crypto',
    'protocol',
    'kernel-spec',
    'kernel-cpu',
    'kernel-webgpu',
    'testing',
  ],
  verification: ['crypto', 'protocol', 'kernel-spec'],
  audit: ['crypto', 'protocol', 'kernel-spec', 'verification'],
  ledger: ['crypto', 'protocol', 'audit'],
  testing: [],
};
const appLibs = {
  worker: [
    'config',
    'observability',
    'crypto',
    'protocol',
    'kernel-spec',
    'kernel-cpu',
    'kernel-webgpu',
  ],
  verifier: [
    'config',
    'observability',
    'crypto',
    'protocol',
    'kernel-spec',
    'kernel-cpu',
    'verification',
    'audit',
    'ledger',
  ],
  cli: [
    'config',
    'crypto',
    'protocol',
    'kernel-spec',
    'kernel-cpu',
    'kernel-webgpu',
    'verification',
    'audit',
  ],
  dashboard: [],
  e2e: ['crypto', 'protocol', 'kernel-spec', 'kernel-cpu', 'testing'],
};

/** Boundary rows; `extraLibs` widens every row, for spec files. */
function boundaries(extraLibs) {
  const rows = [
    ...Object.entries(allowedLibs).map(([name, libs]) => [`lib:${name}`, libs]),
    ...Object.entries(appLibs).map(([name, libs]) => [`app:${name}`, libs]),
    ['type:monitoring', ['observability']],
    ['type:k8s', ['config', 'crypto', 'observability']],
  ];
  return [
    'error',
    {
      enforceBuildableLibDependency: false,
      allow: [],
      depConstraints: rows.map(([sourceTag, libs]) => ({
        sourceTag,
        onlyDependOnLibsWithTags: [...libs, ...extraLibs].map((name) => `lib:${name}`),
      })),
    },
  ];
}

const driverMessage =
  'Only libs/kernel-webgpu talks to Dawn: the verifier never loads a GPU driver.';

/** Import rules of every app and library; `patterns` adds more. */
function restrictedImports(patterns = []) {
  return [
    'error',
    {
      paths: [{ name: 'webgpu', message: driverMessage }],
      patterns: [
        { group: ['@tops/*/*'], message: 'A library is reached through its one index.ts.' },
        ...patterns,
      ],
    },
  ];
}

export default tseslint.config(
  { ignores: ['**/dist', '**/generated', '**/node_modules', '.nx', 'data', '**/assembly'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    plugins: { '@nx': nx },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries([]),
      'no-restricted-imports': restrictedImports(),
      'no-restricted-syntax': [
        'error',
        {
          selector: ":matches(ImportExpression, CallExpression) > Literal[value='webgpu']",
          message: driverMessage,
        },
      ],
    },
  },
  {
    files: ['libs/verification/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': restrictedImports([
        { group: ['node:*'], message: 'Verification is pure: no I/O, no clock.' },
      ]),
      'no-restricted-globals': [
        'error',
        ...['Date', 'performance', 'process', 'fetch', 'crypto', 'setTimeout', 'setInterval'],
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/test/**/*.ts', '**/bench/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(['testing']),
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  // The one file that loads Dawn.
  {
    files: ['libs/kernel-webgpu/src/device/dawn-instance.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // Programs a person runs in a terminal print; services log.
    files: [
      'docker/**/*.mjs',
      'k8s/**/*.mjs',
      'monitoring/**/*.mjs',
      'tools/**/*.mjs',
      '**/native/**/*.mjs',
      'apps/cli/**/*.ts',
      '**/bench/**/*.ts',
    ],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        AbortController: 'readonly',
        AbortSignal: 'readonly',
      },
    },
    rules: { 'no-console': 'off' },
  },
);
