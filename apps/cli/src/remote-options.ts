import { describeValue, type Field } from '@tops/config';
import type { Command } from 'commander';
import { integerWithin } from './arguments.ts';
import { CliError, exitCode, type CliIo } from './cli-io.ts';

/** The options of every command that asks a verifier. */
export interface RemoteFlags {
  readonly url?: string;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

export type BaseUrl =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly error: CliError };

/** @param urlText - what --url is. */
export function addRemoteOptions(command: Command, urlText: string): Command {
  return command
    .option('--url <address>', urlText)
    .option('--timeout-ms <ms>', 'for each request', integerWithin({ min: 50, max: 120_000 }), 5000)
    .option('--json', 'print JSON');
}

/** --url, else the variable, else its default; checked the same way whichever it is. */
export function readBaseUrl(
  flags: Pick<RemoteFlags, 'url'>,
  variable: { readonly name: string; readonly field: Field<string> },
  io: CliIo,
): BaseUrl {
  const { field } = variable;
  const given = flags.url ?? io.env[variable.name]?.trim();
  const text = given === undefined || given === '' ? (field.defaultText ?? '') : given;
  const result = field.read(text);
  if (result.ok) return { ok: true, value: result.value };
  const name = flags.url === undefined ? variable.name : '--url';
  const got = describeValue(text, { secret: text.includes('@') });
  const message = `${name}: expected ${field.expected}, got ${got}`;
  return { ok: false, error: new CliError(message, exitCode.unusable) };
}

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
