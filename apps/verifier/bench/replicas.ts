import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CpuKernel, CpuKernelChoice } from '@tops/kernel-cpu';
import { openPostgresLedger, openSqliteLedger } from '@tops/ledger';
import { findPostgres, PostgresCluster } from '@tops/testing';
import { ConnectionPool, SpreadPool } from './connection-pool.ts';
import { offerClosedLoop, ReceiptStock, type LoadSample } from './load.ts';
import { percentiles, type Percentiles } from './phase.ts';
import { prepareReceipts, type Beacon } from './prepared-receipts.ts';
import { acceptedInLedger, AUDIT_ROWS, beaconOf, findFaults, SHAPE, verifierEnv } from './run.ts';
import { VerifierProcess } from './verifier-process.ts';

const CLIENTS = 64;
const WARM_UP_SECONDS = 2;
/** Receipts at hand for a second that no set-up was measured in yet; more than any takes. */
const RATE_GUESS = 1_500;
const SCHEMA = 'bench';

export interface ReplicaBenchOptions {
  readonly dataDir: string;
  readonly kernelChoice: CpuKernelChoice;
  readonly roundCount: number;
  /** Of one measurement. */
  readonly seconds: number;
}

/** One line of the table: medians over the rounds. */
export interface SetupResult {
  readonly name: string;
  readonly acceptedPerSecond: number;
  readonly samples: readonly number[];
  readonly wholeMs: Percentiles;
  readonly verifierCpuSeconds: number;
  readonly failures: Readonly<Record<string, number>>;
}

export interface ReplicaBenchResult {
  readonly postgres: string;
  readonly kernel: string;
  readonly roundCount: number;
  readonly seconds: number;
  readonly setups: readonly SetupResult[];
  /** Medians of the rounds' own ratios. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly clientAcceptedCount: number;
  readonly ledgerAcceptedCount: number;
  readonly faults: readonly string[];
}

interface Deps {
  readonly kernel: CpuKernel;
  readonly log: (line: string) => void;
}

/** A ledger with the verifiers on it, and the receipts that fit its beacon. */
interface Side {
  readonly verifiers: readonly VerifierProcess[];
  readonly pools: readonly ConnectionPool[];
  readonly beacon: Beacon;
  readonly stock: ReceiptStock;
}

interface Setup {
  readonly name: string;
  readonly side: Side;
  readonly verifierCount: number;
  readonly samples: LoadSample[];
  verifierCpuSeconds: number;
}

/**
 * Full receipts a second by the embedded ledger and by one, two and three verifiers on one PostgreSQL, in a closed loop, in turn
 * within each round. Every process runs all the time and only the load moves; all share all cores.
 */
export async function runReplicaBench(
  options: ReplicaBenchOptions,
  deps: Deps,
): Promise<ReplicaBenchResult> {
  const binaries = findPostgres();
  if (binaries === undefined) throw new Error('no PostgreSQL: see libs/testing');
  const cluster = await PostgresCluster.create(binaries);
  const started: VerifierProcess[] = [];
  const start = async (name: string, env: Record<string, string>): Promise<VerifierProcess> => {
    const dataDir = join(options.dataDir, name);
    const verifier = await VerifierProcess.start({
      dataDir: options.dataDir,
      env: { ...verifierEnv(options.kernelChoice), DATA_DIR: dataDir, ...env },
      nodeOptions: [],
    });
    started.push(verifier);
    return verifier;
  };
  try {
    const shared = {
      VERIFIER_SK_HEX: randomBytes(32).toString('hex'),
      DATABASE_URL: cluster.url(),
      DATABASE_SCHEMA: SCHEMA,
    };
    const embedded = await sideOf([await start('embedded', {})]);
    const postgres = await sideOf([
      await start('first', shared),
      await start('second', shared),
      await start('third', shared),
    ]);
    const setups = setupsOf(embedded, postgres);
    await measureAll(setups, options, deps);
    for (const verifier of started) await verifier.stop();
    const ledgers = [
      await openSqliteLedger({ dataDir: join(options.dataDir, 'embedded') }),
      await openPostgresLedger({ url: cluster.url(), schema: SCHEMA }, { nowMs: Date.now }),
    ] as const;
    const results = setups.map(resultOf);
    const counts = [
      await compare(embedded, ledgers[0], results.slice(0, 1)),
      await compare(postgres, ledgers[1], results.slice(1)),
    ];
    return {
      ...{ postgres: binaries.version, kernel: deps.kernel.driverHint },
      ...{ roundCount: options.roundCount, seconds: options.seconds },
      setups: results,
      ratios: ratiosOf(results),
      clientAcceptedCount: sum(counts.map((count) => count.client)),
      ledgerAcceptedCount: sum(counts.map((count) => count.ledger)),
      faults: counts.flatMap((count) => count.faults),
    };
  } finally {
    await Promise.all(started.map((verifier) => verifier.stop()));
    await cluster.remove();
  }
}

async function sideOf(verifiers: readonly VerifierProcess[]): Promise<Side> {
  const [first] = verifiers;
  if (first === undefined) throw new RangeError('expected a verifier, got none');
  return {
    verifiers,
    pools: verifiers.map(({ port }) => new ConnectionPool({ port, maxConnections: CLIENTS })),
    beacon: await beaconOf(first.port),
    stock: new ReceiptStock(),
  };
}

function setupsOf(embedded: Side, postgres: Side): Setup[] {
  const setup = (name: string, side: Side, verifierCount: number): Setup => ({
    ...{ name, side, verifierCount, samples: [], verifierCpuSeconds: 0 },
  });
  return [
    setup('embedded, 1 verifier', embedded, 1),
    setup('PostgreSQL, 1 verifier', postgres, 1),
    setup('PostgreSQL, 2 verifiers', postgres, 2),
    setup('PostgreSQL, 3 verifiers', postgres, 3),
  ];
}

async function measureAll(
  setups: readonly Setup[],
  options: ReplicaBenchOptions,
  deps: Deps,
): Promise<void> {
  for (const setup of setups) await offer(setup, WARM_UP_SECONDS, deps);
  for (let round = 1; round <= options.roundCount; round++) {
    for (const setup of setups) {
      const verifiers = setup.side.verifiers.slice(0, setup.verifierCount);
      const cpuSeconds = () => sum(verifiers.map((verifier) => verifier.cpuTimes().total));
      await restock(setup, options.seconds, deps);
      deps.log(`round ${round}: ${setup.name}`);
      const before = cpuSeconds();
      setup.samples.push(await offer(setup, options.seconds, deps));
      setup.verifierCpuSeconds += cpuSeconds() - before;
    }
  }
  for (const pool of setups.flatMap((setup) => setup.side.pools)) pool.close();
}

async function offer(setup: Setup, seconds: number, deps: Deps): Promise<LoadSample> {
  await restock(setup, seconds, deps);
  const { stock, pools } = setup.side;
  const pool = new SpreadPool(pools.slice(0, setup.verifierCount));
  return offerClosedLoop({ clients: CLIENTS, seconds }, { pool, stock });
}

/** Twice what the setup took at its best, and never less than every client needs. */
async function restock({ side, samples }: Setup, seconds: number, deps: Deps): Promise<void> {
  const best = Math.max(...samples.map((sample) => sample.acceptedCount / sample.seconds));
  const rate = samples.length === 0 ? RATE_GUESS : 2 * best;
  const count = Math.ceil(rate * seconds) + CLIENTS - side.stock.unusedCount;
  if (count <= 0) return;
  deps.log(`preparing ${count} receipts`);
  side.stock.add(await prepareReceipts({ count, beacon: side.beacon, shape: SHAPE }, deps));
}

async function compare(
  side: Side,
  ledger: Parameters<typeof acceptedInLedger>[0],
  results: readonly SetupResult[],
) {
  const ledgerIds = await acceptedInLedger(ledger, side.beacon.epochId);
  const faults = findFaults(results, side.stock.accepted, ledgerIds);
  return { client: side.stock.accepted.size, ledger: ledgerIds.size, faults };
}

function resultOf({ name, samples, verifierCpuSeconds }: Setup): SetupResult {
  const rates = samples.map((sample) => sample.acceptedInTimeCount / sample.seconds);
  const failures: Record<string, number> = {};
  for (const [answer, count] of samples.flatMap((sample) => [...sample.failures])) {
    failures[answer] = (failures[answer] ?? 0) + count;
  }
  return {
    ...{ name, failures, verifierCpuSeconds },
    acceptedPerSecond: median(rates),
    samples: rates,
    wholeMs: percentiles(samples.flatMap((sample) => sample.wholeMs)),
  };
}

function ratiosOf([embedded, one, two, three]: readonly SetupResult[]): Record<string, number> {
  const ratio = (above: SetupResult | undefined, below: SetupResult | undefined): number =>
    median((above?.samples ?? []).map((rate, round) => rate / (below?.samples[round] ?? NaN)));
  return {
    'PostgreSQL, 1 verifier / embedded': ratio(one, embedded),
    'PostgreSQL, 2 verifiers / 1': ratio(two, one),
    'PostgreSQL, 3 verifiers / 1': ratio(three, one),
  };
}

/** What the report of the run says beside the shape. */
export const replicaBenchShape = { shape: SHAPE, auditRows: AUDIT_ROWS, clients: CLIENTS };

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
