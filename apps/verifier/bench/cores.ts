import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Which core each side runs on; absent where there is one core only, or no taskset. */
export interface Cores {
  readonly load: number;
  readonly verifier: number;
}

/** Load generator and verifier on different cores, so that neither takes the other's time. */
export function separateCores(): Cores | undefined {
  const hasTaskset = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  return hasTaskset && availableParallelism() >= 2 ? { load: 0, verifier: 1 } : undefined;
}

/** Binds every thread of this process to one core, or to all of them again. */
export function bindSelf(coreList: string): void {
  spawnSync('taskset', ['-a', '-c', '-p', coreList, String(process.pid)], { stdio: 'ignore' });
}

export function allCores(): string {
  return `0-${availableParallelism() - 1}`;
}
