// One step of a job, as the runner would start it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** What Nx gives to the tasks it runs; a step starts Nx anew. */
const INHERITED = /^(?:NX_(?!DAEMON$)|GITHUB_|npm_|INIT_CWD$|NODE_ENV$)/;

function environmentOf(env, files) {
  const inherited = Object.entries(process.env).filter(([key]) => !INHERITED.test(key));
  const own = Object.entries(env).map(([key, value]) => [key, value === null ? '' : String(value)]);
  return { ...Object.fromEntries(inherited), CI: 'true', ...Object.fromEntries(own), ...files };
}

/** `name=value` lines, and values of several lines between markers, as $GITHUB_OUTPUT takes them. */
export function parseOutputs(text) {
  const outputs = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, name, marker] = /^([\w-]+)<<(\S+)$/.exec(lines[at]) ?? [];
    if (marker !== undefined) {
      const end = lines.indexOf(marker, at + 1);
      outputs[name] = lines.slice(at + 1, end === -1 ? undefined : end).join('\n');
      at = end === -1 ? lines.length : end;
      continue;
    }
    const [, key, value] = /^([\w-]+)=(.*)$/.exec(lines[at]) ?? [];
    if (key !== undefined) outputs[key] = value;
  }
  return outputs;
}

/** @returns whether it succeeded, and what it wrote to $GITHUB_OUTPUT */
export function runScript({ run, shell, env, cwd, refName }) {
  const directory = mkdtempSync(join(tmpdir(), 'tops-ci-local-'));
  try {
    const file = (name) => join(directory, name);
    const files = {
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary'),
      GITHUB_REF_NAME: refName,
      RUNNER_TEMP: directory,
    };
    for (const name of ['output', 'summary']) writeFileSync(file(name), '');
    writeFileSync(file('script.sh'), run);
    // The runner's own: without `shell: bash` a pipe is as good as its last command.
    const options = shell === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e'];
    const { status } = spawnSync('bash', [...options, file('script.sh')], {
      cwd,
      env: environmentOf(env, files),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return { isDone: status === 0, outputs: parseOutputs(readFileSync(file('output'), 'utf8')) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
