// `npm run -s tops -- COMMAND`: builds the command line when its sources changed, then runs it where the caller stands.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));
const mainPath = join(workspaceRoot, 'dist/apps/cli/main.js');
const nxPath = join(workspaceRoot, 'node_modules/nx/dist/bin/nx.js');
const stampPath = join(workspaceRoot, '.nx/cli-build-stamp');

// What the bundle is made of; generated code follows from the rest.
const inputs = [
  'apps/cli',
  'libs',
  'tools/esbuild.config.cjs',
  'nx.json',
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
];
const skippedNames = new Set(['node_modules', 'generated', 'test', 'bench', 'dist']);

// EX_SOFTWARE: 1 and 2 are answers of the commands themselves.
const BUILD_FAILED = 70;

buildWhenNeeded();
run(process.argv.slice(2));

function buildWhenNeeded() {
  // Asking nx takes seconds even when everything is cached; comparing file times takes milliseconds.
  if (existsSync(mainPath) && readStamp() === stampOf(listInputs())) return;
  if (!existsSync(nxPath)) fail('dependencies are missing: run `npm ci` first');
  const before = listInputs();
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [nxPath, 'build', 'cli', '--output-style=static'],
    {
      cwd: workspaceRoot,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      // One build is not worth a background process that outlives it, unless the caller wants one.
      env: { NX_DAEMON: 'false', ...process.env },
    },
  );
  if (status !== 0 || !existsSync(mainPath)) {
    process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
    fail(`building the command line failed${error ? `: ${error.message}` : ''}`);
  }
  mkdirSync(join(workspaceRoot, '.nx'), { recursive: true });
  writeFileSync(stampPath, stampOf(before));
}

function listInputs() {
  const lines = [];
  const visit = (path) => {
    const stats = statSync(join(workspaceRoot, path), { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      lines.push(`${path} ${stats.size} ${stats.mtimeMs}`);
      return;
    }
    for (const name of readdirSync(join(workspaceRoot, path)).sort())
      if (!skippedNames.has(name) && !name.endsWith('.spec.ts') && !name.endsWith('.md'))
        visit(`${path}/${name}`);
  };
  for (const input of inputs) visit(input);
  return lines;
}

/** Changes with every source and with the bundle itself: somebody else may have built another one. */
function stampOf(lines) {
  const { size, mtimeMs } = statSync(mainPath);
  return createHash('sha256')
    .update([...lines, `main ${size} ${mtimeMs}`].join('\n'))
    .digest('hex');
}

function readStamp() {
  return existsSync(stampPath) ? readFileSync(stampPath, 'utf8') : undefined;
}

function run(args) {
  // npm runs scripts at the workspace root and says in INIT_CWD where the user was.
  const viaNpm = process.env['npm_lifecycle_event'] === 'tops';
  const cwd = (viaNpm && process.env['INIT_CWD']) || process.cwd();
  const child = spawn(process.execPath, [mainPath, ...args], { stdio: 'inherit', cwd });
  // A terminal sends the signal to both; the command decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? BUILD_FAILED);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`tops: ${message}\n`);
  process.exit(BUILD_FAILED);
}
