import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../apps/verifier/main.js', import.meta.url));

/** Linux counts processor time in ticks of 10 ms (sysconf(_SC_CLK_TCK) is 100 on every common build). */
const TICKS_PER_SECOND = 100;

/** Processor seconds so far, of the whole process and by thread id; the process id names the event loop's thread. */
export interface CpuTimes {
  readonly total: number;
  readonly byThread: ReadonlyMap<number, number>;
}

export interface VerifierProcessOptions {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly core?: number | undefined;
  /** Extra options of Node.js, a profiler's say. */
  readonly nodeOptions: readonly string[];
}

/** The built verifier as an operator runs it. */
export class VerifierProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess, exited: Promise<unknown>, port: number) {
    this.#child = child;
    this.#exited = exited;
    this.port = port;
  }

  static async start(options: VerifierProcessOptions): Promise<VerifierProcess> {
    const command = [process.execPath, ...options.nodeOptions, program];
    const pinned =
      options.core === undefined ? command : ['taskset', '-c', String(options.core), ...command];
    const [file = '', ...args] = pinned;
    const child = spawn(file, args, {
      cwd: options.dataDir,
      env: { PATH: process.env['PATH'], DATA_DIR: options.dataDir, ...options.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const port = await Promise.race([
      portOf(child),
      exited.then(() => Promise.reject(new Error('the verifier ended before it listened'))),
    ]);
    return new VerifierProcess(child, exited, port);
  }

  cpuTimes(): CpuTimes {
    const { pid } = this.#child;
    const threads = readdirSync(`/proc/${pid}/task`);
    const byThread = threads.map(
      (id) => [Number(id), secondsOf(`/proc/${pid}/task/${id}/stat`)] as const,
    );
    return { total: secondsOf(`/proc/${pid}/stat`), byThread: new Map(byThread) };
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
  }
}

/** Fields 14 and 15 of proc(5) stat: user and system time. The name before them may hold spaces. */
function secondsOf(statFile: string): number {
  const text = readFileSync(statFile, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Reads the log until it says where the verifier listens, and drains it from then on. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      if (text === 'listening') return;
      text += part;
      const found =
        /"message":"listening".*?"port":(\d+)|"port":(\d+).*?"message":"listening"/.exec(text);
      if (found === null) return;
      text = 'listening';
      resolve(Number(found[1] ?? found[2]));
    });
  });
}
