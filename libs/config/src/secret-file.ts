import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { ConfigError } from './config-error.ts';
import type { Field } from './field.ts';

/** A key file holds a line of text; anything longer is the wrong file. */
const SECRET_FILE_BYTES_MAX = 4096;

export type SecretFileResult<T> =
  | { readonly ok: true; readonly value: T; readonly warning: string | undefined }
  | { readonly ok: false; readonly error: ConfigError };

export interface SecretFileInput<T> {
  /** The variable that named the file, for errors: WORKER_SK_FILE. */
  readonly variable: string;
  readonly path: string;
  /** How the content is read, e.g. hexBytes({ bytes: 32, secret: true, … }). */
  readonly field: Field<T>;
}

/**
 * Reads a secret from a file: bounded, trimmed, never shown. Waits for no one: a pipe or a device is refused.
 *
 * @returns the value and, when group or others may read the file, a warning to log (mounted Kubernetes secrets often are).
 */
export function loadSecretFile<T>(
  input: SecretFileInput<T>,
): SecretFileResult<Exclude<T, undefined>> {
  const { variable, path, field } = input;
  const fail = (expected: string, got: string): SecretFileResult<never> => ({
    ok: false,
    error: { variable, expected, got },
  });
  let content: { readonly text: string; readonly mode: number };
  try {
    content = readSmallFile(path);
  } catch (error) {
    return fail('a readable file', error instanceof Error ? error.message : String(error));
  }
  if (content.text.length > SECRET_FILE_BYTES_MAX)
    return fail(`a file of at most ${SECRET_FILE_BYTES_MAX} bytes`, 'a longer one');
  const text = content.text.trim();
  const result = field.read(text);
  if (!result.ok)
    return fail(
      `a file that holds ${result.expected ?? field.expected}`,
      `${text.length} characters (redacted)`,
    );
  return { ok: true, value: result.value, warning: modeWarning(input, content.mode) };
}

function modeWarning(
  input: { readonly variable: string; readonly path: string },
  mode: number,
): string | undefined {
  if ((mode & 0o077) === 0 || process.platform === 'win32') return undefined;
  const octal = (mode & 0o777).toString(8).padStart(3, '0');
  return `${input.variable}: ${input.path} has mode ${octal}; chmod 600 keeps the key to its owner`;
}

function readSmallFile(path: string): { readonly text: string; readonly mode: number } {
  // Without O_NONBLOCK opening a pipe waits for its writer.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    const buffer = Buffer.alloc(SECRET_FILE_BYTES_MAX + 1);
    const byteCount = readSync(file, buffer, 0, buffer.length, 0);
    return { text: buffer.toString('latin1', 0, byteCount), mode: stats.mode };
  } finally {
    closeSync(file);
  }
}
