import { hexToBytes } from '@tops/crypto';
import type { CpuKernel, CpuKernelChoice } from '@tops/kernel-cpu';
import { openSqliteLedger, type LedgerStore } from '@tops/ledger';
import type { EpochInfo } from '@tops/protocol';
import { ConnectionPool } from './connection-pool.ts';
import { allCores, bindSelf, type Cores } from './cores.ts';
import { offerClosedLoop, offerOpenLoop, ReceiptStock } from './load.ts';
import { measurePhase, type PhaseResult } from './phase.ts';
import { prepareReceipts, type Beacon } from './prepared-receipts.ts';
import { measureKernelMs, measureSignatureMs } from './reference-times.ts';
import { VerifierProcess } from './verifier-process.ts';

export const SHAPE = { m: 64, n: 1024, k: 1024 };
export const AUDIT_ROWS = 16;
const WARM_UP = { clients: 64, seconds: 3 };
const PROBE = { clients: 64, seconds: 5 };
const PROBE_STOCK = 8000;
const OVERLOAD_SECONDS = 10;
const RECOVERY_SECONDS = 5;

export interface BenchOptions {
  readonly dataDir: string;
  readonly cores: Cores | undefined;
  readonly kernelChoice: CpuKernelChoice;
  readonly sustainedSeconds: number;
  /** Receipts a second; 0.9 of the probed rate when absent. */
  readonly sustainedRate: number | undefined;
  /** Options of Node.js for the verifier: a profiler's, say. */
  readonly nodeOptions: readonly string[];
}

export interface BenchResult {
  readonly cores: Cores | undefined;
  readonly shape: typeof SHAPE;
  readonly auditRows: number;
  readonly kernel: string;
  /** Thread time of the rows of one receipt, and processor time of one signature's verification, both alone. */
  readonly kernelMsPerReceipt: number;
  readonly signatureMs: number;
  readonly phases: readonly PhaseResult[];
  readonly clientAcceptedCount: number;
  readonly ledgerAcceptedCount: number;
  /** Reasons to fail: acknowledged receipts that are not in the ledger, answers nobody expected. */
  readonly faults: readonly string[];
}

interface BenchDeps {
  readonly kernel: CpuKernel;
  readonly log: (line: string) => void;
}

/** The whole run: probe, sustained, overload, recovery, and the count of what the ledger holds afterwards. */
export async function runBench(options: BenchOptions, deps: BenchDeps): Promise<BenchResult> {
  const { cores, dataDir } = options;
  const verifier = await VerifierProcess.start({
    dataDir,
    env: verifierEnv(options.kernelChoice),
    core: cores?.verifier,
    nodeOptions: options.nodeOptions,
  });
  try {
    const beacon = await beaconOf(verifier.port);
    const { phases, accepted } = await runPhases(options, { ...deps, verifier, beacon });
    // Right after the load, while the machine is as busy as it was.
    const signatureMs = measureSignatureMs();
    const kernelMsPerReceipt = await measureKernelMs(
      { shape: SHAPE, rowCount: AUDIT_ROWS },
      deps.kernel,
    );
    await verifier.stop();
    const ledgerIds = await acceptedInLedger(await openSqliteLedger({ dataDir }), beacon.epochId);
    return {
      ...{ cores, shape: SHAPE, auditRows: AUDIT_ROWS, kernel: deps.kernel.driverHint },
      ...{ kernelMsPerReceipt, signatureMs, phases },
      clientAcceptedCount: accepted.size,
      ledgerAcceptedCount: ledgerIds.size,
      faults: findFaults(phases, accepted, ledgerIds),
    };
  } finally {
    await verifier.stop();
  }
}

async function runPhases(
  options: BenchOptions,
  deps: BenchDeps & { readonly verifier: VerifierProcess; readonly beacon: Beacon },
): Promise<{ phases: PhaseResult[]; accepted: ReadonlySet<string> }> {
  const { verifier, beacon, kernel, log } = deps;
  const stock = new ReceiptStock();
  const pool = new ConnectionPool({ port: verifier.port, maxConnections: 1024 });
  const probePool = new ConnectionPool({ port: verifier.port, maxConnections: 4 });
  const prepare = async (count: number): Promise<void> => {
    bindSelf(allCores());
    log(`preparing ${count} receipts`);
    stock.add(await prepareReceipts({ count, beacon, shape: SHAPE }, { kernel }));
    if (options.cores !== undefined) bindSelf(String(options.cores.load));
  };
  const measure = (name: string, run: Parameters<typeof measurePhase>[2]) => {
    log(name);
    return measurePhase(name, { verifier, probePool }, run);
  };
  await prepare(PROBE_STOCK);
  const load = { pool, stock };
  await offerClosedLoop(WARM_UP, load);
  const probe = await measure('probe (closed loop)', () => offerClosedLoop(PROBE, load));
  const sustainedRate = options.sustainedRate ?? 0.9 * probe.acceptedPerSecond;
  const best = Math.max(probe.acceptedPerSecond, sustainedRate);
  const { sustainedSeconds } = options;
  const needed =
    sustainedRate * sustainedSeconds + best * (2 * OVERLOAD_SECONDS + RECOVERY_SECONDS / 2);
  await prepare(Math.max(0, Math.ceil(needed * 1.05) - stock.unusedCount));
  const phases = [
    probe,
    await measure('sustained', () =>
      offerOpenLoop({ rate: sustainedRate, seconds: sustainedSeconds }, load),
    ),
    await measure('twice the best', () =>
      offerOpenLoop({ rate: 2 * best, seconds: OVERLOAD_SECONDS }, load),
    ),
    await measure('recovery', () =>
      offerOpenLoop({ rate: best / 2, seconds: RECOVERY_SECONDS }, load),
    ),
  ];
  pool.close();
  probePool.close();
  return { phases, accepted: stock.accepted };
}

/** Every rule on; limits far above what one load generator can send from one address. */
export function verifierEnv(kernelChoice: CpuKernelChoice): Record<string, string> {
  return {
    KERNEL_CPU: kernelChoice,
    HOST: '127.0.0.1',
    PORT: '0',
    MIN_ROWS: String(SHAPE.m),
    AUDIT_ROWS_MIN: String(AUDIT_ROWS),
    AUDIT_ROWS_MAX: String(AUDIT_ROWS),
    EPOCH_SECONDS: String(longestLeftEpochSeconds()),
    GRACE_SECONDS: '60',
    REQUESTS_PER_SECOND_PER_ADDRESS: '1000000',
    RECEIPTS_PER_SECOND_PER_KEY: '1000000',
    MAX_OPEN_CHALLENGES_PER_ADDRESS: '100000',
    VERIFY_THREADS: '1',
  };
}

/** An epoch length under which the epoch of this moment has just begun: no beacon may change under prepared receipts. */
function longestLeftEpochSeconds(): number {
  const now = Math.floor(Date.now() / 1000);
  let best = 86_400;
  for (let seconds = 43_200; seconds <= 86_400; seconds++) {
    if (seconds - (now % seconds) > best - (now % best)) best = seconds;
  }
  return best;
}

/** The beacon that the verifier names. */
export async function beaconOf(port: number): Promise<Beacon> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/epoch`);
  const info = (await response.json()) as EpochInfo;
  return { epochId: info.epoch_id, prevHash: hexToBytes(info.prev_hash_hex) };
}

/** Ids of the accepted receipts, read from the ledger itself, which is then closed. */
export async function acceptedInLedger(ledger: LedgerStore, epochId: number): Promise<Set<string>> {
  try {
    const entries = await ledger.epochEntries(epochId);
    return new Set(
      entries.filter(({ outcome }) => outcome === 'accepted').map((entry) => entry.receipt_id),
    );
  } finally {
    await ledger.close();
  }
}

/** What fails the run: acknowledged receipts that are not in the ledger, others that are, answers nobody expected. */
export function findFaults(
  phases: readonly Pick<PhaseResult, 'name' | 'failures'>[],
  accepted: ReadonlySet<string>,
  ledgerIds: ReadonlySet<string>,
): string[] {
  const lost = [...accepted].filter((id) => !ledgerIds.has(id)).length;
  const faults: string[] = [];
  if (lost > 0) faults.push(`${lost} acknowledged receipts are not accepted in the ledger`);
  if (ledgerIds.size !== accepted.size) {
    faults.push(`expected ${accepted.size} accepted entries in the ledger, got ${ledgerIds.size}`);
  }
  for (const { name, failures } of phases) {
    for (const [answer, count] of Object.entries(failures)) {
      faults.push(`${name}: ${count} × ${answer}`);
    }
  }
  return faults;
}
