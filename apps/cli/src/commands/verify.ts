import { randomInt } from 'node:crypto';
import type { Environment } from '@tops/config';
import {
  defaultLimits,
  errorStatus,
  isEvidenceMessage,
  maxChallengeRows,
  parseBundle,
  parseEvidence,
  parseJson,
  type Bundle,
  type Evidence,
  type Parsed,
  type Problem,
} from '@tops/protocol';
import { checkBundle, checkEvidence, type JudgeDependencies } from '@tops/verification';
import { openCpuKernel } from '../backend.ts';
import { readInput } from '../bounded-input.ts';
import { CliError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { describeProblem, verdictJson, verdictText, type Verdict } from './verify-report.ts';

export interface VerifyOptions {
  /** Path of a bundle; `-` is standard input. */
  readonly bundle: string;
  /** Largest k*n + n*n that is recomputed: the memory a stranger's bundle may take. */
  readonly maxWeights: number;
  /** Lower-case hex: the key whose challenge evidence has to be in. */
  readonly verifierKeyHex?: string;
  readonly json?: boolean;
}

/** Room for the largest opening the protocol allows: 4096 rows with 24 siblings each, in base64. */
const BUNDLE_BYTES_MAX = 8 * 1024 * 1024;

// A verifier's MIN_ROWS is about the cost of checking, not about what is right: here the protocol's own bound holds.
const MIN_ROWS = 64;

const exitCodes: Readonly<Record<Verdict['outcome'], number>> = {
  accepted: exitCode.ok,
  rejected: exitCode.rejected,
  sound: exitCode.ok,
  malformed: exitCode.rejected,
  contradicted: exitCode.cheatShown,
};

/**
 * Checks a bundle { receipt, rows, leaves, siblings } offline: signature, fold, and the named rows recomputed from scratch.
 * It shows that these rows were computed, not that a verifier drew them. Evidence, which holds the signed challenge too, shows
 * whether the worker cheated or was wronged.
 */
export async function verify(options: VerifyOptions, io: CliIo): Promise<number> {
  const bytes = await readInput(options.bundle, { maxBytes: BUNDLE_BYTES_MAX }, io);
  const verdict = await check(bytes, options, io.env);
  if (options.json === true) printJson(io, verdictJson(verdict, options));
  else printLine(io, verdictText(verdict, options));
  return exitCodes[verdict.outcome];
}

/** @throws CliError (unusable) when there is nothing to judge: no bundle, or one this build cannot recompute. */
async function check(
  bytes: Uint8Array,
  options: VerifyOptions,
  env: Environment,
): Promise<Verdict> {
  const json = parseJson(bytes);
  if (!json.ok) requireJudged(json.problem);
  const value = json.ok ? json.value : undefined;
  const limits = { auditRowsMax: maxChallengeRows };
  if (isEvidenceMessage(value)) return judgeEvidence(parseEvidence(value, limits), options, env);
  if (options.verifierKeyHex !== undefined) {
    const message = 'not evidence: expected challenge_sig_hex for --verifier-key, got a bundle';
    throw new CliError(message, exitCode.unusable);
  }
  return judgeBundle(parseBundle(value, limits), options, env);
}

async function judgeBundle(
  parsed: Parsed<Bundle>,
  options: VerifyOptions,
  env: Environment,
): Promise<Verdict> {
  if (!parsed.ok) return { outcome: 'rejected', problem: requireJudged(parsed.problem) };
  const bundle = parsed.value;
  const result = await withKernel(env, (judging) =>
    checkBundle(bundle, contextOf(options), judging),
  );
  return result.outcome === 'rejected'
    ? { bundle, outcome: 'rejected', problem: requireJudged(result.problem) }
    : { bundle, outcome: 'accepted' };
}

async function judgeEvidence(
  parsed: Parsed<Evidence>,
  options: VerifyOptions,
  env: Environment,
): Promise<Verdict> {
  if (!parsed.ok) return { outcome: 'malformed', problem: requireJudged(parsed.problem) };
  const evidence = parsed.value;
  const { verifierKeyHex } = options;
  const context = {
    ...contextOf(options),
    ...(verifierKeyHex === undefined ? {} : { verifierKeyHex }),
  };
  const result = await withKernel(env, (judging) => checkEvidence(evidence, context, judging));
  const bundle = evidence;
  return result.outcome === 'malformed'
    ? { bundle, evidence, outcome: 'malformed', problem: requireJudged(result.problem) }
    : { bundle, evidence, ...result };
}

/** A problem that is the bundle's own fault. What is not in the form of a bundle, or beyond this check, has no verdict. */
function requireJudged(problem: Problem): Problem {
  if (errorStatus[problem.code] !== 422)
    throw new CliError(`not a bundle: ${describeProblem(problem)}`, exitCode.unusable);
  if (problem.code === 'kernel_ver_unsupported' || problem.code === 'shape_over_limit')
    throw new CliError(`cannot be checked here: ${describeProblem(problem)}`, exitCode.unusable);
  return problem;
}

function contextOf(options: VerifyOptions) {
  const limits = {
    min_rows: MIN_ROWS,
    max_weights: options.maxWeights,
    audit_rows_max: maxChallengeRows,
  };
  return { limits, skipSignatures: false };
}

async function withKernel<T>(
  env: Environment,
  judge: (judging: JudgeDependencies) => Promise<T>,
): Promise<T> {
  const kernel = await openCpuKernel(env);
  try {
    return await judge({
      computeLeaves: (attempt, rows) => kernel.computeLeaves(attempt, rows),
      confirmLeaves: (attempt, rows) => kernel.computeReferenceLeaves(attempt, rows),
      randomBelow: (max) => randomInt(max),
    });
  } finally {
    await kernel.close();
  }
}

export const defaultMaxWeights = defaultLimits.max_weights;
