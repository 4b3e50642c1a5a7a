import { generateKeyPairSync, randomBytes, randomInt, sign } from 'node:crypto';
import { bytesToHex, foldMultiproof, multiproofPositions, workTreeHasher } from '@tops/crypto';
import { createCpuKernel, type CpuKernel, type CpuKernelChoice } from '@tops/kernel-cpu';
import { deriveAttemptKey } from '@tops/kernel-spec';
import {
  KERNEL_VERSION,
  parseJson,
  parseReceipt,
  receiptSignedBytes,
  type ParsedReceipt,
} from '@tops/protocol';
import { BATCH_ROWS_MAX, LeafBatcher } from '../src/leaf-batcher.ts';
import { attemptOf, checkProofFold, checkReceipt, drawRows, judgeRows } from '@tops/verification';

const EPOCH_ID = 1;
const WIDTH = 1024;
const AUDIT_ROWS = 16;
const REPEATS = 41;
const RATIO_M = 16_384;
const RATIO_REPEATS = 3;
const QUEUE_LENGTH = 16;
const LEVELS = Array.from({ length: 11 }, (_, i) => 10 + i);

/** Median milliseconds of one receipt with so many rows. */
export interface CostPoint {
  readonly m: number;
  readonly signatureMs: number;
  readonly foldMs: number;
  readonly rowsMs: number;
  readonly wholeMs: number;
  /** Processor time of the whole, all threads. */
  readonly cpuMs: number;
}

export interface VerifyCost {
  readonly kernel: string;
  readonly points: readonly CostPoint[];
  /** Computing and verifying one attempt, by processor time: what else the machine does touches both alike. */
  readonly ratio: {
    readonly m: number;
    readonly computeCpuMs: number;
    /** One receipt alone, and one of a queue whose rows share calls of the kernel. */
    readonly verifyCpuMs: number;
    readonly queuedCpuMs: number;
  };
}

interface Sample {
  readonly parsed: ParsedReceipt;
  readonly rows: readonly number[];
  readonly leaves: Uint8Array;
  readonly siblings: Uint8Array;
}

/** What verifying one receipt costs for m from 2^10 to 2^20, shapes interleaved; and computing one, on one thread. */
export async function measureVerifyCost(choice: CpuKernelChoice): Promise<VerifyCost> {
  const kernel = await createCpuKernel({ choice, threadCount: 1 });
  try {
    const times = new Map(LEVELS.map((level) => [2 ** level, [] as CostPoint[]]));
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      for (const [m, points] of times)
        points.push(await verifyOnce(await makeSample(m, kernel), kernel));
    }
    const points = [...times].map(([m, all]) => ({
      m,
      signatureMs: median(all.map((point) => point.signatureMs)),
      foldMs: median(all.map((point) => point.foldMs)),
      rowsMs: median(all.map((point) => point.rowsMs)),
      wholeMs: median(all.map((point) => point.wholeMs)),
      cpuMs: median(all.map((point) => point.cpuMs)),
    }));
    return { kernel: kernel.driverHint, points, ratio: await measureRatio(kernel) };
  } finally {
    await kernel.close();
  }
}

/** Computing and verifying in turns, so that both meet the same moments of the machine. */
async function measureRatio(kernel: CpuKernel): Promise<VerifyCost['ratio']> {
  const computeCpuMs: number[] = [];
  const verifyCpuMs: number[] = [];
  const queuedCpuMs: number[] = [];
  const shape = { m: RATIO_M, n: WIDTH, k: WIDTH };
  for (let repeat = 0; repeat < RATIO_REPEATS; repeat++) {
    const start = cpuMsNow();
    await kernel.commit({ attemptKey: randomBytes(32), shape });
    computeCpuMs.push(cpuMsNow() - start);
    for (let i = 0; i < REPEATS; i++) {
      verifyCpuMs.push((await verifyOnce(await makeSample(RATIO_M, kernel), kernel)).cpuMs);
      queuedCpuMs.push(await verifyQueue(kernel));
    }
  }
  return {
    m: RATIO_M,
    computeCpuMs: median(computeCpuMs),
    verifyCpuMs: median(verifyCpuMs),
    queuedCpuMs: median(queuedCpuMs),
  };
}

/** A worker whose key the verifier has met before: its KeyObject is at hand, as for all but a key's first receipt. */
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const publicKeyBytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);

/**
 * A receipt whose challenged rows are honest. The siblings are random: no verifier can tell, and nobody
 * has to compute 2^20 rows.
 */
async function makeSample(m: number, kernel: CpuKernel): Promise<Sample> {
  const prevHash = randomBytes(32);
  const shape = { m, n: WIDTH, k: WIDTH };
  const attemptKey = deriveAttemptKey({ prevHash, publicKey: publicKeyBytes, nonce: 0, shape });
  const rows = drawRows({ m, count: AUDIT_ROWS }, { randomBelow: (max) => randomInt(max) });
  const leaves = await kernel.computeLeaves({ attemptKey, shape }, rows);
  const siblings = randomBytes(multiproofPositions(m, rows).length * 32);
  const root = foldMultiproof({ leafCount: m, rows, leaves, siblings }, workTreeHasher);
  const unsigned = {
    kernel_ver: KERNEL_VERSION,
    device_did: 'bench',
    public_key_hex: bytesToHex(publicKeyBytes),
    epoch_id: EPOCH_ID,
    prev_hash_hex: bytesToHex(prevHash),
    nonce: 0,
    sizes: shape,
    work_root_hex: bytesToHex(root ?? new Uint8Array(32)),
    time_ms: 1,
    driver_hint: '',
  };
  const sig_hex = bytesToHex(sign(null, receiptSignedBytes(unsigned), privateKey));
  const json = parseJson(Buffer.from(JSON.stringify({ ...unsigned, sig_hex })));
  const parsed = json.ok ? parseReceipt(json.value) : json;
  if (!parsed.ok) throw new Error(parsed.problem.detail);
  return { parsed: parsed.value, rows, leaves, siblings };
}

/** Receipts that came together, batched as the verifier does. @returns processor milliseconds a receipt */
async function verifyQueue(kernel: CpuKernel): Promise<number> {
  const samples: Sample[] = [];
  for (let i = 0; i < QUEUE_LENGTH; i++) samples.push(await makeSample(RATIO_M, kernel));
  const batcher = new LeafBatcher(
    { concurrency: kernel.threadCount, rowsMax: BATCH_ROWS_MAX },
    { computeLeavesBatch: (items) => kernel.computeLeavesBatch(items) },
  );
  const batching = {
    computeLeaves: batcher.computeLeaves.bind(batcher),
    computeReferenceLeaves: kernel.computeReferenceLeaves,
    foldOpening: kernel.foldOpening,
  };
  const start = cpuMsNow();
  await Promise.all(samples.map((sample) => verifyOnce(sample, batching)));
  return (cpuMsNow() - start) / QUEUE_LENGTH;
}

async function verifyOnce(
  sample: Sample,
  kernel: Pick<CpuKernel, 'computeLeaves' | 'computeReferenceLeaves' | 'foldOpening'>,
): Promise<CostPoint> {
  const { parsed, rows, leaves, siblings } = sample;
  const limits = { min_rows: 64, max_weights: 2 ** 25 };
  const cpuStart = cpuMsNow();
  const start = performance.now();
  const receiptProblem = checkReceipt(parsed, {
    limits,
    skipSignatures: false,
    epochs: [{ epochId: EPOCH_ID, prevHash: parsed.prevHash }],
    currentEpochId: EPOCH_ID,
    allowedKeys: new Set(),
  });
  const signed = performance.now();
  const foldProblem = checkProofFold({ parsed, rows, leaves, siblings }, kernel.foldOpening);
  const folded = performance.now();
  const verdict = await judgeRows(
    { attempt: attemptOf(parsed), rows, leaves },
    {
      computeLeaves: (attempt, some) => kernel.computeLeaves(attempt, some),
      confirmLeaves: (attempt, some) => kernel.computeReferenceLeaves(attempt, some),
      randomBelow: (max) => randomInt(max),
    },
  );
  const judged = performance.now();
  const cpuMs = cpuMsNow() - cpuStart;
  if (receiptProblem ?? foldProblem ?? verdict.outcome !== 'accepted') {
    throw new Error('an honest receipt was refused');
  }
  return {
    m: parsed.receipt.sizes.m,
    signatureMs: signed - start,
    foldMs: folded - signed,
    rowsMs: judged - folded,
    wholeMs: judged - start,
    cpuMs,
  };
}

function cpuMsNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
