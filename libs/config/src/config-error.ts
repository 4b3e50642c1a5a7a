/** One problem with the environment. `got` never holds a secret, `hint` says what to do about it. */
export interface ConfigError {
  readonly variable: string;
  readonly expected: string;
  readonly got: string;
  readonly hint?: string;
}

const SHOWN_CHARACTERS = 60;

/** How a value appears in an error: quoted, control characters escaped, cut at 60 characters; a secret only by its length. */
export function describeValue(text: string, options: { readonly secret: boolean }): string {
  if (options.secret) return `a ${text.length}-character value (redacted)`;
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return JSON.stringify(shown);
}

/** One line for an operator: `WORKER_PORT: expected …, got … (hint)`. */
export function formatConfigError(error: ConfigError): string {
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return `${error.variable}: expected ${error.expected}, got ${error.got}${hint}`;
}

/** BSD sysexits.h EX_CONFIG: supervisors can tell a wrong setting, which a restart cannot cure, from a crash. */
export const CONFIG_EXIT_CODE = 78;

export interface ExitDependencies {
  readonly stderr: { write(text: string): unknown };
  readonly exit: (code: number) => never;
}

/** Prints every error on its own line and leaves with exit code 78. */
export function exitWithConfigErrors(
  errors: readonly ConfigError[],
  dependencies: ExitDependencies = { stderr: process.stderr, exit: process.exit },
): never {
  const noun = errors.length === 1 ? 'error' : 'errors';
  const lines = errors.map((error) => `  ${formatConfigError(error)}\n`);
  dependencies.stderr.write(`configuration: ${errors.length} ${noun}\n${lines.join('')}`);
  return dependencies.exit(CONFIG_EXIT_CODE);
}
