import type { Environment } from '@tops/config';

/** Everything a command touches outside its arguments, so that specs run it in-process. */
export interface CliIo {
  readonly stdout: (text: string) => void;
  /** As stdout; resolves when the reader has room for more. Rejects when there is no reader any more. */
  readonly writeOut: (text: string) => Promise<void>;
  readonly stderr: (text: string) => void;
  readonly env: Environment;
  /** What relative paths start from. */
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/**
 * The exit codes every command shares: `rejected` is a verdict or a failed check, `unusable` a wrong argument or input.
 * `cheatShown` is `tops verify`'s alone: evidence that holds against the worker.
 */
export const exitCode = { ok: 0, rejected: 1, failed: 1, unusable: 2, cheatShown: 3 } as const;

/** Ends a command with a message for the user and no stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: number;
  constructor(message: string, code: number, options?: { readonly cause: unknown }) {
    super(message, options);
    this.exitCode = code;
  }
}

export function printLine(io: CliIo, text: string): void {
  io.stdout(`${text}\n`);
}

export function printJson(io: CliIo, value: unknown): void {
  printLine(io, JSON.stringify(value, undefined, 2));
}

const CAUSES_MAX = 5;

/** What went wrong, with the last reason under it: `no answer from /ready: connect ECONNREFUSED 127.0.0.1:8081`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  let root: Error = error;
  for (let i = 0; i < CAUSES_MAX && root.cause instanceof Error; i++) root = root.cause;
  if (root === error) return error.message;
  // When every address of a name refuses, Node's error has a code and no message.
  const reason = root.message === '' ? (root as NodeJS.ErrnoException).code : root.message;
  return reason === undefined ? error.message : `${error.message}: ${reason}`;
}
