import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

/** What a figure was measured on and with: without it no two figures compare. */
export interface BenchMachine {
  readonly cpu: string;
  /** The cores this process may use. */
  readonly cores: number;
  readonly node: string;
  /** Of the checkout, `-dirty` when it has changes; absent outside of one or without git. */
  readonly commit?: string;
}

/** @param directory - of the running code, where its commit is asked for */
export function describeBenchMachine(directory: string): BenchMachine {
  const commit = commitOf(directory);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    ...(commit !== undefined && { commit }),
  };
}

function commitOf(directory: string): string | undefined {
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  // A benchmark only looks: it must not write the index that another git command may be working on.
  const args = ['--no-optional-locks', '-C', directory, ...describe];
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.trim() : undefined;
}
