import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const workspaceRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** One line of a service's JSON log. */
export interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** How a process ended: exactly one of the two is set. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A built app as an operator runs it: `node dist/apps/<app>/main.js` with nothing of this process's environment but
 * PATH and HOME, its log lines kept.
 */
export class ServiceProcess {
  readonly records: LogRecord[] = [];
  readonly exited: Promise<ProcessExit>;
  stderr = '';
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(options: {
    app: 'worker' | 'verifier' | 'cli';
    env: Readonly<Record<string, string>>;
    args?: readonly string[];
    cwd: string;
    /** What the command line begins with; has to become the service itself, by exec. */
    prefix?: readonly string[];
  }) {
    const { app, env, args = [], cwd, prefix = [] } = options;
    const program = [process.execPath, `${workspaceRoot}dist/apps/${app}/main.js`];
    const [file = '', ...rest] = [...prefix, ...program, ...args];
    this.#child = spawn(file, rest, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
    void this.exited.then(() => this.#wake());
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#readLines();
  }

  /** Resolves with the first record, past or to come, that `matches`; rejects when the process ends or time runs out. */
  async waitForRecord(
    matches: (record: LogRecord) => boolean,
    timeoutMs = 30_000,
  ): Promise<LogRecord> {
    await this.waitUntil(() => this.records.some(matches), timeoutMs);
    return this.records.find(matches) as LogRecord;
  }

  /** Resolves once `condition` holds, looked at after every log line. */
  async waitUntil(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      if (this.hasEnded) {
        throw new Error(`the process ended first; its last lines:\n${this.tail}`);
      }
      if (Date.now() > deadline) throw new Error(`nothing after ${timeoutMs} ms:\n${this.tail}`);
      await this.#nextLine(Math.min(250, Math.max(1, deadline - Date.now())));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<ProcessExit> {
    this.#child.kill(signal);
    return this.exited;
  }

  #readLines(): void {
    let pending = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        this.records.push(
          line.startsWith('{') ? (JSON.parse(line) as LogRecord) : { level: 'text', message: line },
        );
      }
      this.#wake();
    });
  }

  #nextLine(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(done);
    });
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** The last lines it wrote, for a message about it. */
  get tail(): string {
    return [...this.records.slice(-15).map((record) => JSON.stringify(record)), this.stderr].join(
      '\n',
    );
  }
}

/** Resolves once the service at `baseUrl` answers /ready with 200; rejects when it ends before, or time runs out. */
export async function untilReady(
  baseUrl: string,
  service: ServiceProcess,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const response = await fetch(`${baseUrl}/ready`).catch(() => undefined);
    if (response?.status === 200) return;
    if (Date.now() > deadline || service.hasEnded) {
      throw new Error(`the verifier is not ready:\n${service.tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A TCP port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
