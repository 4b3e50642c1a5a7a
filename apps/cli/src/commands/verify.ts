import { randomInt } from 'node:crypto';
import type { Environment } from '@tops/config';
import {
  defaultLimits,
  errorStatus,
  maxChallengeRows,
  parseBundle,
  parseJson,
  type Bundle,
  type Problem,
} from '@tops/protocol';
import { checkBundle, type BundleVerdict } from '@tops/verification';
import { openCpuKernel } from '../backend.ts';
import { readInput } from '../bounded-input.ts';
import { CliError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';

export interface VerifyOptions {
  /** Path of a bundle; `-` is standard input. */
  readonly bundle: string;
  /** Largest k*n + n*n that is recomputed: the memory a stranger's bundle may take. */
  readonly maxWeights: number;
  readonly json?: boolean;
}

/** Room for the largest opening the protocol allows: 4096 rows with 24 siblings each, in base64. */
const BUNDLE_BYTES_MAX = 8 * 1024 * 1024;

// A verifier's MIN_ROWS is about the cost of checking, not about what is right: here the protocol's own bound holds.
const MIN_ROWS = 64;

/**
 * Checks a bundle { receipt, rows, leaves, siblings } offline: signature, fold, and the named rows recomputed from scratch.
 * It shows that these rows were computed, not that a verifier drew them.
 */
export async function verify(options: VerifyOptions, io: CliIo): Promise<number> {
  const verdict = await check(
    await readInput(options.bundle, { maxBytes: BUNDLE_BYTES_MAX }, io),
    options.maxWeights,
    io.env,
  );
  if (options.json === true) printJson(io, verdictJson(verdict));
  else printLine(io, verdictText(verdict));
  return verdict.problem === undefined ? exitCode.ok : exitCode.rejected;
}

/** What was found; without a problem the bundle is accepted. The bundle is absent when it could not even be read. */
interface Verdict {
  readonly bundle: Bundle | undefined;
  readonly problem: Problem | undefined;
}

/** @throws CliError (unusable) when there is nothing to judge: no bundle, or one this build cannot recompute. */
async function check(bytes: Uint8Array, maxWeights: number, env: Environment): Promise<Verdict> {
  const json = parseJson(bytes);
  const parsed = json.ok ? parseBundle(json.value, { auditRowsMax: maxChallengeRows }) : json;
  if (!parsed.ok) return { bundle: undefined, problem: requireJudged(parsed.problem) };
  const result = await judge(parsed.value, maxWeights, env);
  const problem = result.outcome === 'rejected' ? requireJudged(result.problem) : undefined;
  return { bundle: parsed.value, problem };
}

/** A problem that is the bundle's own fault. What is not in the form of a bundle, or beyond this check, has no verdict. */
function requireJudged(problem: Problem): Problem {
  if (errorStatus[problem.code] !== 422)
    throw new CliError(`not a bundle: ${describeProblem(problem)}`, exitCode.unusable);
  if (problem.code === 'kernel_ver_unsupported' || problem.code === 'shape_over_limit')
    throw new CliError(`cannot be checked here: ${describeProblem(problem)}`, exitCode.unusable);
  return problem;
}

async function judge(bundle: Bundle, maxWeights: number, env: Environment): Promise<BundleVerdict> {
  const limits = {
    min_rows: MIN_ROWS,
    max_weights: maxWeights,
    audit_rows_max: maxChallengeRows,
  };
  const kernel = await openCpuKernel(env);
  try {
    return await checkBundle(
      bundle,
      { limits, skipSignatures: false },
      {
        computeLeaves: (attempt, rows) => kernel.computeLeaves(attempt, rows),
        confirmLeaves: (attempt, rows) => kernel.computeReferenceLeaves(attempt, rows),
        randomBelow: (max) => randomInt(max),
      },
    );
  } finally {
    await kernel.close();
  }
}

function verdictJson({ bundle, problem }: Verdict) {
  return {
    outcome: problem === undefined ? 'accepted' : 'rejected',
    ...(bundle === undefined
      ? {}
      : {
          receipt_id: bundle.receipt.receiptId,
          did: bundle.receipt.workerDid,
          sizes: bundle.receipt.receipt.sizes,
          rows: bundle.rows,
        }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function verdictText({ bundle, problem }: Verdict): string {
  const finding =
    problem === undefined
      ? `accepted: ${bundle?.rows.length ?? 0} rows recomputed and equal`
      : `rejected: ${describeProblem(problem)}`;
  if (bundle === undefined) return finding;
  const { receiptId, workerDid, receipt } = bundle.receipt;
  const { m, n, k } = receipt.sizes;
  return `${finding}; receipt ${receiptId} of ${workerDid}, m=${m} n=${n} k=${k}`;
}

function describeProblem(problem: Problem): string {
  return `${problem.code}: ${problem.detail}`;
}

export const defaultMaxWeights = defaultLimits.max_weights;
