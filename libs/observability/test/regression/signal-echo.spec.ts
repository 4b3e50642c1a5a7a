// Ctrl-C under `nx serve` reached the service as SIGINT from the terminal and again from nx: the second one cut the
// shutdown off, ledger and all. Only a real process has real signals.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';

const dir = mkdtempSync(join(tmpdir(), 'lifecycle-'));
const script = join(dir, 'service.mjs');
const requireBanner =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

beforeAll(async () => {
  await build({
    stdin: {
      contents: `
        import { createLifecycle, createLogger } from './index.ts';
        const logger = createLogger({ service: 'test', level: 'info' });
        const lifecycle = createLifecycle({ logger, deadlineMs: 20_000 });
        const drainMs = Number(process.argv[2]);
        lifecycle.onShutdown('drain', () => new Promise((resolve) => setTimeout(resolve, drainMs)));
        await lifecycle.run(() => logger.info('ready'));
        setInterval(() => undefined, 1000);`,
      resolveDir: fileURLToPath(new URL('../../src', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    outfile: script,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: requireBanner },
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs the service and calls `onLine` with each message it logs. */
async function runService(
  drainMs: number,
  onLine: (message: string, kill: (signal: NodeJS.Signals) => void) => void,
) {
  const child = spawn(process.execPath, [script, String(drainMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const messages: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface(child.stdout)) {
    const { message } = JSON.parse(line) as { message: string };
    messages.push(message);
    onLine(message, (signal) => void child.kill(signal));
  }
  return { exitCode: await exited, messages };
}

describe('a service whose parent passes the signal on', () => {
  it('closes in order although SIGTERM and SIGINT follow the first SIGINT at once', async () => {
    const { exitCode, messages } = await runService(200, (message, kill) => {
      if (message === 'ready') kill('SIGINT');
      if (message !== 'shutting down') return;
      kill('SIGTERM');
      kill('SIGINT');
    });
    expect(messages).toEqual(['ready', 'shutting down', 'shut down']);
    expect(exitCode).toBe(0);
  });

  it('still exits at once when somebody insists later', async () => {
    const { exitCode, messages } = await runService(60_000, (message, kill) => {
      if (message === 'ready') kill('SIGINT');
      if (message === 'shutting down') setTimeout(kill, 1100, 'SIGINT');
    });
    expect(messages).toEqual(['ready', 'shutting down', 'second signal: exiting at once']);
    expect(exitCode).toBe(1);
  });
});
