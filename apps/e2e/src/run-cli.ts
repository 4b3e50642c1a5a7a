import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cliPath = fileURLToPath(new URL('../../../dist/apps/cli/main.js', import.meta.url));

/** What one run of the built `tops` command printed and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that give a built program SwiftShader for a GPU. */
export const softwareGpuEnv: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=${new URL('../../../libs/kernel-webgpu/test/use-software-vulkan.mjs', import.meta.url).href}`,
  ALLOW_SOFTWARE_GPU: '1',
};

/**
 * Runs the built CLI as a process of its own.
 *
 * @param env - beside this process's own variables
 */
export function runCli(
  args: readonly string[],
  cwd?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [cliPath, ...args],
      { cwd, maxBuffer: 1 << 24, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
