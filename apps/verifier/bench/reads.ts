import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CpuKernelChoice } from '@tops/kernel-cpu';
import { findPostgres, PostgresCluster } from '@tops/testing';
import { fillPostgres, fillSqlite, type LedgerSize } from './bulk-ledger.ts';
import { verifierEnv } from './run.ts';
import { VerifierProcess } from './verifier-process.ts';

/** Times each page is asked for, after one that is not counted. */
const REPEATS = 20;
const SCHEMA = 'bench';

export interface ReadBenchOptions {
  readonly dataDir: string;
  readonly kernelChoice: CpuKernelChoice;
  readonly size: LedgerSize;
}

/** One page of one ledger: milliseconds until its last byte. */
export interface ReadResult {
  readonly ledger: 'embedded' | 'PostgreSQL';
  readonly page: string;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly maxMs: number;
}

export interface ReadBenchResult {
  readonly postgres: string;
  readonly size: LedgerSize;
  readonly repeats: number;
  readonly reads: readonly ReadResult[];
}

/** What an operator's page asks a verifier for, at a ledger that was filled by SQL: on both ledgers in turn. */
export async function runReadBench(
  options: ReadBenchOptions,
  deps: { readonly log: (line: string) => void },
): Promise<ReadBenchResult> {
  const { dataDir, size } = options;
  const binaries = findPostgres();
  if (binaries === undefined) throw new Error('no PostgreSQL: see libs/testing');
  const cluster = await PostgresCluster.create(binaries, {
    settings: { shared_buffers: '512MB', max_wal_size: '4GB' },
  });
  const started: VerifierProcess[] = [];
  const start = async (env: Record<string, string>): Promise<VerifierProcess> => {
    const verifier = await VerifierProcess.start({
      dataDir,
      env: { ...verifierEnv(options.kernelChoice), ...env },
      nodeOptions: [],
    });
    started.push(verifier);
    return verifier;
  };
  try {
    const sqliteDir = join(dataDir, 'embedded');
    deps.log(`filling the embedded ledger with ${size.receiptCount} receipts`);
    await fillSqlite(sqliteDir, size);
    deps.log(`filling PostgreSQL with ${size.receiptCount} receipts`);
    await fillPostgres({ url: cluster.tcpUrl(), schema: SCHEMA }, size);
    const embedded = await start({ DATA_DIR: sqliteDir });
    const postgres = await start({
      DATA_DIR: join(dataDir, 'postgres'),
      VERIFIER_SK_HEX: randomBytes(32).toString('hex'),
      DATABASE_URL: cluster.tcpUrl(),
      DATABASE_SCHEMA: SCHEMA,
    });
    deps.log('reading');
    const reads = await readAll(
      [
        { ledger: 'embedded', port: embedded.port },
        { ledger: 'PostgreSQL', port: postgres.port },
      ],
      size,
    );
    return { postgres: binaries.version, size, repeats: REPEATS, reads };
  } finally {
    await Promise.all(started.map((verifier) => verifier.stop()));
    await cluster.remove();
  }
}

async function readAll(
  ledgers: readonly { readonly ledger: ReadResult['ledger']; readonly port: number }[],
  { epochCount, keyCount }: LedgerSize,
): Promise<ReadResult[]> {
  const middle = Math.ceil(epochCount / 2);
  const pages = [
    { page: '/v1/workers', lineCount: undefined },
    { page: '/v1/workers?limit=500', lineCount: undefined },
    { page: `/v1/epochs/${middle}/credits.csv`, lineCount: keyCount + 1 },
  ];
  const series = pages.flatMap((page) =>
    ledgers.map((ledger) => ({ ...page, ...ledger, times: [] as number[], bytes: 0 })),
  );
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    for (const each of series) {
      const { ms, text } = await read(`http://127.0.0.1:${each.port}${each.page}`);
      if (repeat > 0) each.times.push(ms);
      each.bytes = text.length;
      // A page of too few keys would be quick for nothing.
      const lineCount = text.split('\r\n').length - 1;
      if (each.lineCount !== undefined && lineCount !== each.lineCount) {
        throw new Error(`${each.page}: expected ${each.lineCount} lines, got ${lineCount}`);
      }
    }
  }
  return series.map(({ ledger, page, times, bytes }) => {
    const sorted = [...times].sort((a, b) => a - b);
    const p50Ms = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return { ledger, page, bytes, p50Ms, maxMs: sorted.at(-1) ?? Number.NaN };
  });
}

async function read(url: string): Promise<{ readonly ms: number; readonly text: string }> {
  const startedAt = performance.now();
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url}: expected 200, got ${response.status}`);
  return { ms: performance.now() - startedAt, text };
}
