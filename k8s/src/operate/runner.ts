import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { Refusal } from './refusal.ts';

const OUTPUT_BYTES_MAX = 2 ** 26;
/** A cluster or a registry that does not answer must not hold a deployment for ever. */
const RUN_MS_MAX = 5 * 60_000;

export interface RunOptions {
  readonly input?: string;
  /** Its output goes to the terminal, line by line, instead of being returned. */
  readonly isShown?: boolean;
  /** Exit codes that are answers too: 1 of `git diff`. */
  readonly answerCodes?: readonly number[];
  /** Where it runs, when not at the root. */
  readonly directory?: string;
  /** How long it may take: five minutes, unless it waits for something itself. */
  readonly msMax?: number;
}

/** The one way to other programs: git, kubectl, docker. Each is looked up on the PATH, so a test puts its own there. */
export interface Runner {
  /** @returns standard output. @throws Refusal with the program's own words when it fails or is not there */
  run(program: string, args: readonly string[], options?: RunOptions): string;
  /** Starts one that stays, for port-forward; whoever starts it ends it. */
  start(program: string, args: readonly string[]): ChildProcess;
}

export function systemRunner({
  cwd,
  env,
}: {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}): Runner {
  return {
    run(program, args, options = {}) {
      const { input = '', isShown = false, answerCodes = [0], directory = cwd } = options;
      const { msMax = RUN_MS_MAX } = options;
      const { status, stdout, stderr, error } = spawnSync(program, args, {
        ...{ cwd: directory, env, input, encoding: 'utf8' },
        ...{ maxBuffer: OUTPUT_BYTES_MAX, timeout: msMax },
        stdio: ['pipe', isShown ? 'inherit' : 'pipe', 'pipe'],
      });
      if (answerCodes.includes(status ?? -1)) return stdout ?? '';
      const words = error?.message ?? stderr.trim();
      throw new Refusal(`${program} ${args.slice(0, 6).join(' ')}: ${words}`);
    },
    start: (program, args) => spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }),
  };
}
