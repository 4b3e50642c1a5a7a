import type { Environment } from '@tops/config';
import { runCli } from '../src/program.ts';

export interface MemoryRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process and gives back what a shell would see. */
export async function runInMemory(
  args: readonly string[],
  surroundings: {
    readonly env?: Environment;
    readonly cwd?: string;
    readonly stdin?: readonly Uint8Array[];
  } = {},
): Promise<MemoryRun> {
  let stdout = '';
  let stderr = '';
  async function* stdin() {
    yield* surroundings.stdin ?? [];
  }
  const code = await runCli(args, {
    stdout: (text) => void (stdout += text),
    writeOut: async (text) => void (stdout += text),
    stderr: (text) => void (stderr += text),
    env: surroundings.env ?? {},
    cwd: surroundings.cwd ?? '/nonexistent',
    stdin: stdin(),
  });
  return { code, stdout, stderr };
}
