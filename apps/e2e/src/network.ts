import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VerifierClient } from '@tops/protocol';
import { ServiceProcess, freePort, untilReady } from './service-process.ts';

/** Settings that make epochs, shapes and waits small enough for a test; every rule stays on. */
export const smallNetwork = {
  HOST: '127.0.0.1',
  MIN_ROWS: '64',
  EPOCH_SECONDS: '600',
  VERIFY_THREADS: '1',
};

/**
 * One verifier with its data directory, and any number of workers against it, all real processes.
 * `close()` ends what still runs and removes the directory.
 */
export class TestNetwork {
  readonly dataDir: string;
  readonly baseUrl: string;
  readonly client: VerifierClient;
  verifier: ServiceProcess;
  readonly #env: Readonly<Record<string, string>>;
  readonly #workers: ServiceProcess[] = [];

  private constructor(options: {
    dataDir: string;
    port: number;
    env: Readonly<Record<string, string>>;
  }) {
    this.dataDir = options.dataDir;
    this.baseUrl = `http://127.0.0.1:${options.port}`;
    this.client = new VerifierClient({ baseUrl: this.baseUrl, timeoutMs: 10_000 });
    this.#env = {
      ...smallNetwork,
      PORT: String(options.port),
      DATA_DIR: join(options.dataDir, 'verifier'),
      ...options.env,
    };
    this.verifier = this.#spawnVerifier();
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<TestNetwork> {
    const dataDir = await mkdtemp(join(tmpdir(), 'tops-e2e-'));
    const network = new TestNetwork({ dataDir, port: await freePort(), env });
    await network.verifierReady();
    return network;
  }

  /** Starts the verifier again on the same data and port, after it ended. */
  async restartVerifier(): Promise<void> {
    this.verifier = this.#spawnVerifier();
    await this.verifierReady();
  }

  verifierReady(): Promise<void> {
    return untilReady(this.baseUrl, this.verifier);
  }

  /** A worker at a tiny shape, logging each outcome; `env` overrides. */
  async startWorker(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const worker = new ServiceProcess({
      app: 'worker',
      cwd: this.dataDir,
      env: {
        AGGREGATOR_URL: this.baseUrl,
        WORKER_HOST: '127.0.0.1',
        WORKER_PORT: String(await freePort()),
        DATA_DIR: join(this.dataDir, 'worker'),
        AUTOTUNE_DISABLE: '1',
        AUTOTUNE_PRESETS: '256,64,64',
        RATE_LIMIT_PER_SECOND: '25',
        CPU_THREADS: '1',
        RETRY_DELAY_MS: '50',
        LOG_LEVEL: 'debug',
        ...env,
      },
    });
    this.#workers.push(worker);
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers, this.verifier].map((service) => service.stop('SIGKILL')));
    await rm(this.dataDir, { recursive: true, force: true });
  }

  #spawnVerifier(): ServiceProcess {
    return new ServiceProcess({ app: 'verifier', cwd: this.dataDir, env: this.#env });
  }
}
