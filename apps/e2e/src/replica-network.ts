import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, generateSeed } from '@tops/crypto';
import { VerifierClient } from '@tops/protocol';
import type { PostgresCluster } from '@tops/testing';
import { smallNetwork } from './network.ts';
import { ServiceProcess, freePort, untilReady } from './service-process.ts';

/** One verifier of several, on a port that it keeps when it is started again. */
export interface Replica {
  readonly baseUrl: string;
  readonly client: VerifierClient;
  readonly process: ServiceProcess;
}

export interface ReplicaOptions {
  readonly replicaCount: number;
  readonly schema: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Verifiers as real processes on one PostgreSQL, under one key. The database is the caller's; `close()` ends the
 * processes.
 */
export class ReplicaNetwork {
  readonly dataDir: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #replicas: Replica[] = [];

  private constructor(dataDir: string, env: Readonly<Record<string, string>>) {
    this.dataDir = dataDir;
    this.#env = env;
  }

  /** Starts the verifiers and waits for none. */
  static async create(options: ReplicaOptions, cluster: PostgresCluster): Promise<ReplicaNetwork> {
    const network = new ReplicaNetwork(await mkdtemp(join(tmpdir(), 'tops-replicas-')), {
      ...smallNetwork,
      DATABASE_URL: cluster.tcpUrl(),
      DATABASE_SCHEMA: options.schema,
      VERIFIER_SK_HEX: bytesToHex(generateSeed()),
      ...options.env,
    });
    const ports = await Promise.all(Array.from({ length: options.replicaCount }, freePort));
    network.#replicas.push(...ports.map((port) => network.#spawn(port)));
    return network;
  }

  /** Starts the verifiers and waits until all are ready. */
  static async start(options: ReplicaOptions, cluster: PostgresCluster): Promise<ReplicaNetwork> {
    const network = await ReplicaNetwork.create(options, cluster);
    try {
      await network.ready();
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  async ready(): Promise<void> {
    await Promise.all(this.#replicas.map((each) => untilReady(each.baseUrl, each.process)));
  }

  get replicas(): readonly Replica[] {
    return this.#replicas;
  }

  get clients(): readonly VerifierClient[] {
    return this.#replicas.map((replica) => replica.client);
  }

  /** SIGKILL, then nothing on the port for `downMs`, then the same replica again; resolves once it is ready. */
  async crash(index: number, downMs: number): Promise<void> {
    await this.replica(index).process.stop('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, downMs));
    const replica = this.#spawn(Number(new URL(this.replica(index).baseUrl).port));
    this.#replicas[index] = replica;
    await untilReady(replica.baseUrl, replica.process);
  }

  replica(index: number): Replica {
    const replica = this.#replicas[index];
    if (replica === undefined) throw new RangeError(`expected a replica, got index ${index}`);
    return replica;
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.process.stop('SIGKILL')));
    await rm(this.dataDir, { recursive: true, force: true });
  }

  #spawn(port: number): Replica {
    const baseUrl = `http://127.0.0.1:${port}`;
    return {
      baseUrl,
      client: new VerifierClient({ baseUrl, timeoutMs: 15_000 }),
      process: new ServiceProcess({
        app: 'verifier',
        cwd: this.dataDir,
        env: { ...this.#env, PORT: String(port), DATA_DIR: join(this.dataDir, String(port)) },
      }),
    };
  }
}
