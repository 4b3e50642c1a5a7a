import { performance } from 'node:perf_hooks';
import { bytesToBase64, bytesToHex } from '@tops/crypto';
import { deriveAttemptKey, type DeviceTime, type Kernel, type Opening } from '@tops/kernel-spec';
import { maxChallengeRows, rowsProblem, shapeOps, type Shape } from '@tops/protocol';
import { openKernel, type Backend } from '../backend.ts';
import { CliError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';

export interface AttemptOptions {
  readonly prevHash: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly nonce: number;
  readonly sizes: Shape;
  /** Ascending, distinct, below m. */
  readonly rows?: readonly number[];
  readonly backend: Backend;
  readonly json?: boolean;
}

/** Computes one attempt from its inputs alone and prints the commitment: what any other implementation must reach. */
export async function attempt(options: AttemptOptions, io: CliIo): Promise<number> {
  const { prevHash, publicKey, nonce, sizes: shape, rows } = options;
  const problem =
    rows === undefined ? undefined : rowsProblem({ rows, maxCount: maxChallengeRows, m: shape.m });
  if (problem !== undefined) throw new CliError(problem.detail, exitCode.unusable);
  const attemptKey = deriveAttemptKey({ prevHash, publicKey, nonce, shape });
  const kernel = await openKernel(options.backend, io.env);
  try {
    const result = await compute(kernel, { attemptKey, shape, rows });
    const { m, n, k } = shape;
    const report = {
      driver_hint: kernel.driverHint,
      nonce,
      sizes: { m, n, k },
      attempt_key_hex: bytesToHex(attemptKey),
      work_root_hex: bytesToHex(result.workRoot),
      ...openingFields(rows, result.opening),
      ops: shapeOps(shape).toString(),
      seconds: round(result.seconds, 6),
      gops: round(Number(shapeOps(shape)) / result.seconds / 1e9, 3),
      ...deviceFields(result.deviceTime),
    };
    if (options.json === true) printJson(io, report);
    else printReport(io, report);
    return exitCode.ok;
  } finally {
    await kernel.close();
  }
}

interface AttemptInput {
  readonly attemptKey: Uint8Array;
  readonly shape: Shape;
  readonly rows: readonly number[] | undefined;
}

async function compute(kernel: Kernel, { attemptKey, shape, rows }: AttemptInput) {
  const start = performance.now();
  const commitment = await kernel.commit({ attemptKey, shape });
  const seconds = (performance.now() - start) / 1000;
  const opening = rows === undefined ? undefined : await commitment.open(rows);
  const { workRoot, deviceTime } = commitment;
  return { workRoot, deviceTime, seconds, opening };
}

/** How long a GPU worked on it, without opening and waiting, and by whose clock. */
function deviceFields(time: DeviceTime | undefined) {
  if (time === undefined) return {};
  return { device_seconds: round(time.seconds, 6), device_clock: time.clock };
}

function openingFields(rows: readonly number[] | undefined, opening: Opening | undefined) {
  if (rows === undefined || opening === undefined) return {};
  return {
    rows,
    leaves: bytesToBase64(opening.leaves),
    siblings: bytesToBase64(opening.siblings),
  };
}

function printReport(io: CliIo, report: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(report)) printLine(io, `${name} ${plain(value)}`);
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, size]) => `${name}=${String(size)}`)
    .join(' ');
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
