import {
  NetworkError,
  VerifierClient,
  type ClientResult,
  type EpochInfo,
  type WorkerInfo,
} from '@tops/protocol';
import { describeError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { renderTable } from '../text-table.ts';

export interface StatusOptions {
  /** The verifier's base address. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

const SHOWN_WORKERS_MAX = 100;

/** Shows the verifier's epoch, readiness and workers; exit 1 when it cannot be reached or does not make sense. */
export async function status(options: StatusOptions, io: CliIo): Promise<number> {
  const { url, timeoutMs } = options;
  const client = new VerifierClient({ baseUrl: url, timeoutMs });
  try {
    const [isReady, epoch, page] = await Promise.all([
      askReady(url, timeoutMs),
      client.getEpoch().then(valueOf),
      client.listWorkers({ limit: SHOWN_WORKERS_MAX }).then(valueOf),
    ]);
    const hasMore = page.next_cursor !== null;
    if (options.json === true)
      printJson(io, { url, ready: isReady, epoch, workers: page.workers, has_more: hasMore });
    else printStatus(io, { url, isReady, epoch, workers: page.workers, hasMore });
    return exitCode.ok;
  } catch (error) {
    if (options.json === true) printJson(io, { url, ready: false, error: describeError(error) });
    io.stderr(`verifier at ${url}: ${describeError(error)}\n`);
    return exitCode.failed;
  }
}

/** Whether /ready says yes. Redirects are not followed: they would lead away from the address asked for. */
export async function askReady(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ready`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'manual',
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch (cause) {
    throw new NetworkError('connect', 'no answer from /ready', { cause });
  }
}

function valueOf<T>(result: ClientResult<T>): T {
  if (result.ok) return result.value;
  throw new Error(`answered ${result.status} ${result.problem.code}: ${result.problem.detail}`);
}

interface Shown {
  readonly url: string;
  readonly isReady: boolean;
  readonly epoch: EpochInfo;
  readonly workers: readonly WorkerInfo[];
  readonly hasMore: boolean;
}

function printStatus(io: CliIo, shown: Shown): void {
  const { epoch, workers } = shown;
  const pairs = [
    ['verifier', shown.url],
    ['state', shown.isReady ? 'ready' : 'not ready'],
    ['epoch', String(epoch.epoch_id)],
    ['closes at', new Date(epoch.closes_at).toISOString()],
    ['beacon', epoch.prev_hash_hex],
    ['kernel', epoch.kernel_ver],
    ['key', epoch.verifier_key_hex],
    ['workers', `${workers.length}${shown.hasMore ? ' (more on the verifier)' : ''}`],
  ];
  printLine(io, renderTable(pairs));
  if (workers.length === 0) return;
  const header = [
    'worker',
    'state',
    'TOPS',
    'credited ops',
    'accepted',
    'rejected',
    'missed',
    'seen',
  ];
  const rows = workers.map((worker) => [
    worker.label === null ? worker.did : `${worker.label} ${worker.did}`,
    worker.state,
    worker.verified_tops.toFixed(4),
    worker.credited_ops,
    String(worker.accepted),
    String(worker.rejected),
    String(worker.missed),
    worker.last_seen_at === null ? 'never' : new Date(worker.last_seen_at).toISOString(),
  ]);
  printLine(io, `\n${renderTable([header, ...rows], { right: [2, 3, 4, 5, 6] })}`);
}
