import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyPairFromSeed } from '@tops/crypto';
import { createReferenceKernel } from '@tops/kernel-cpu';
import type { Kernel } from '@tops/kernel-spec';
import { openSqliteLedger, type LedgerStore } from '@tops/ledger';
import { createLogger, startHttpServer, type HttpServer, type LogLevel } from '@tops/observability';
import { defaultLimits, type Challenge, type EpochInfo, type Limits } from '@tops/protocol';
import { seededBytes } from '@tops/testing';
import { Writable } from 'node:stream';
import type { ProtocolConfig } from '../src/config.ts';
import { answerConnectionErrors } from '../src/http/connection-errors.ts';
import { createVerifier, type Verifier, type VerifierOptions } from '../src/verifier.ts';
import { ManualClock } from './manual-clock.ts';
import type { TestAttempt } from './test-worker.ts';

export const verifierKey = keyPairFromSeed(seededBytes(99, 32));
/** Start of an epoch of 60 s. */
export const startMs = 29_000_000 * 60_000;

export interface TestVerifierOptions {
  readonly limits?: Partial<Limits>;
  readonly protocol?: Partial<ProtocolConfig>;
  readonly http?: Partial<VerifierOptions['http']>;
  /** With an admin API on a port of its own. */
  readonly admin?: { readonly token: string };
  readonly kernel?: Pick<Kernel, 'computeLeaves'>;
  readonly inFlight?: VerifierOptions['inFlight'];
  readonly audit?: VerifierOptions['audit'];
  readonly dataDir?: string;
  /** Another ledger than the embedded one in dataDir. */
  readonly openLedger?: () => Promise<LedgerStore>;
  readonly clock?: ManualClock;
  readonly requestTimeoutMs?: number;
  /** `debug` by default. */
  readonly logLevel?: LogLevel;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into any answer
  readonly body: any;
}

/** A verifier over real HTTP with a real ledger, tiny shapes and a clock that specs move. */
export class TestVerifier {
  readonly clock: ManualClock;
  readonly dataDir: string;
  readonly logLines: string[] = [];
  ledger!: LedgerStore;
  verifier!: Verifier;
  #server!: HttpServer;
  #adminServer: HttpServer | undefined;
  readonly #options: TestVerifierOptions;

  private constructor(dataDir: string, options: TestVerifierOptions) {
    this.dataDir = dataDir;
    this.#options = options;
    this.clock = options.clock ?? new ManualClock(startMs + 1000);
  }

  static async start(options: TestVerifierOptions = {}): Promise<TestVerifier> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'tops-verifier-')));
    const test = new TestVerifier(dataDir, options);
    await test.#open();
    return test;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#server.port;
  }

  get adminUrl(): string {
    if (this.#adminServer === undefined) throw new Error('started without an admin API');
    return `http://127.0.0.1:${this.#adminServer.port}`;
  }

  async stop(): Promise<void> {
    await this.#server.close(2000);
    await this.#adminServer?.close(2000);
    await this.verifier.epochs.stop();
    await this.ledger.close();
  }

  /** Stops, then opens the same data again, with the same key or another. */
  async restart(keyPair = verifierKey): Promise<void> {
    await this.stop();
    await this.#open(keyPair);
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async request(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url + path, { method, redirect: 'manual', ...init });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    return this.request('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: isRaw ? (body as string) : JSON.stringify(body),
    });
  }

  async epoch(): Promise<EpochInfo> {
    const answer = await this.get('/v1/epoch');
    if (answer.status !== 200) throw new Error(`${answer.text}\n${this.logLines.join('')}`);
    return answer.body as EpochInfo;
  }

  async challenge(attempt: TestAttempt): Promise<Challenge> {
    const answer = await this.post('/v1/receipts', attempt.receipt);
    if (answer.status !== 201) throw new Error(`not challenged: ${answer.text}`);
    return answer.body as Challenge;
  }

  prove(attempt: TestAttempt, challenge: Challenge): Promise<Answer> {
    return this.post(`/v1/receipts/${challenge.receipt_id}/proof`, attempt.prove(challenge.rows));
  }

  /** Everything recorded, as text: equal before and after a request that must change nothing. */
  async recorded(): Promise<string> {
    const { ledger } = this;
    const epochs = await ledger.listEpochs({ limit: 100 });
    const perEpoch = [];
    for (const { epochId } of epochs) {
      perEpoch.push([
        epochId,
        await ledger.epochCredits(epochId),
        await ledger.epochEntries(epochId),
        await ledger.countOpen({ epochId }),
      ]);
    }
    const workers = await ledger.listWorkers({ limit: 100 });
    return JSON.stringify([epochs, perEpoch, workers], (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  }

  metrics(): Promise<string> {
    return this.get('/metrics').then(({ text }) => text);
  }

  async #open(keyPair = verifierKey): Promise<void> {
    const options = this.#options;
    const reference = createReferenceKernel();
    this.ledger = await (options.openLedger?.() ?? openSqliteLedger({ dataDir: this.dataDir }));
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        this.logLines.push(String(chunk));
        done();
      },
    });
    this.verifier = createVerifier(
      {
        ...(options.inFlight === undefined ? {} : { inFlight: options.inFlight }),
        admin: options.admin,
        ...(options.audit === undefined ? {} : { audit: options.audit }),
        protocol: {
          limits: {
            ...defaultLimits,
            ...{ min_rows: 64, audit_rows_min: 4, audit_rows_max: 16 },
            ...options.limits,
          },
          topsEpochs: 10,
          quarantineEpochs: 3,
          cleanEpochs: 2,
          evidence: { keptMs: 30 * 24 * 60 * 60 * 1000, maxBytes: 256_000_000 },
          maxOpenChallengesPerAddress: 1024,
          allowedKeys: new Set(),
          skipSignatures: false,
          verifyConcurrency: 4,
          ...options.protocol,
        },
        http: {
          trustProxyHops: 0,
          requestsPerSecondPerAddress: 1_000_000,
          dashboardDir: join(this.dataDir, 'no-dashboard'),
          metricsEnabled: true,
          metricsPort: undefined,
          ...options.http,
        },
      },
      {
        ledger: this.ledger,
        kernel: options.kernel ?? reference,
        confirmLeaves: (attempt, rows) => reference.computeLeaves(attempt, rows),
        keyPair,
        clock: this.clock,
        logger: createLogger({
          ...{ service: 'verifier', destination },
          level: options.logLevel ?? 'debug',
        }),
      },
    );
    try {
      await this.verifier.start();
    } catch (error) {
      await this.ledger.close();
      throw error;
    }
    this.#server = await startHttpServer(this.verifier.app, {
      port: 0,
      host: '127.0.0.1',
      requestTimeoutMs: options.requestTimeoutMs ?? 5000,
      headersTimeoutMs: Math.min(2000, options.requestTimeoutMs ?? 2000),
      keepAliveTimeoutMs: 1000,
      requireHostHeader: false,
    });
    answerConnectionErrors(this.#server.server, this.verifier);
    if (this.verifier.adminApp !== undefined) {
      this.#adminServer = await startHttpServer(this.verifier.adminApp, {
        ...{ port: 0, host: '127.0.0.1', maxConnections: 32 },
        ...{ requestTimeoutMs: 5000, headersTimeoutMs: 2000, keepAliveTimeoutMs: 1000 },
      });
      answerConnectionErrors(this.#adminServer.server, this.verifier);
    }
  }
}
