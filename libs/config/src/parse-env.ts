import { describeValue, type ConfigError } from './config-error.ts';
import type { EnvFields, EnvSchema, EnvValues } from './env-schema.ts';
import type { Field } from './field.ts';
import { findLookAlikes, isServiceLink } from './look-alikes.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type EnvResult<F extends EnvFields> =
  | { readonly ok: true; readonly values: EnvValues<F> }
  | {
      readonly ok: false;
      readonly errors: readonly ConfigError[];
      /** What could be read all the same, for checks of the caller's own: never to be worked with, never to be shown. */
      readonly partial: Partial<EnvValues<F>>;
    };

export interface ParseEnvOptions {
  /** Prefixes that belong to this program alone; see findLookAlikes for the rule. None by default. */
  readonly prefixes?: readonly string[];
  /** Names a neighbour in the same environment reads (worker and verifier share one under `nx serve`). */
  readonly alsoKnown?: readonly string[];
}

/**
 * Reads and checks the whole environment of a program at once. Values are trimmed; an empty one counts as unset.
 *
 * @returns the typed values, or every error there is: wrong values, missing ones, broken rules and look-alike names;
 *   with the errors come the values of the variables that could be read, so that a caller can add what it finds wrong.
 */
export function parseEnv<F extends EnvFields>(
  schema: EnvSchema<F>,
  env: Environment,
  options: ParseEnvOptions = {},
): EnvResult<F> {
  const values: Record<string, unknown> = {};
  const errors: ConfigError[] = [];
  for (const [name, field] of Object.entries(schema.fields)) {
    const result = readVariable(name, field, env[name]);
    if (result.ok) values[name] = result.value;
    else errors.push(result.error);
  }
  const failed = new Set(errors.map((error) => error.variable));
  for (const rule of schema.rules) {
    if (rule.variables.some((name) => failed.has(name))) continue;
    const error = rule.check(values as EnvValues<F>);
    if (error !== undefined) errors.push(error);
  }
  const known = [...Object.keys(schema.fields), ...(options.alsoKnown ?? [])];
  errors.push(...findLookAlikes(env, { known, prefixes: options.prefixes ?? [] }));
  if (errors.length > 0) return { ok: false, errors, partial: values as Partial<EnvValues<F>> };
  return { ok: true, values: values as EnvValues<F> };
}

type VariableResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ConfigError };

function readVariable(
  variable: string,
  field: Field<unknown>,
  raw: string | undefined,
): VariableResult {
  const given = raw?.trim() ?? '';
  const text = given === '' ? field.defaultText : given;
  if (text === undefined) {
    if (!field.required) return { ok: true, value: field.whenUnset };
    return { ok: false, error: { variable, expected: field.expected, got: 'nothing' } };
  }
  const result = field.read(text);
  if (result.ok) return result;
  return {
    ok: false,
    error: {
      variable,
      expected: result.expected ?? field.expected,
      got: describeValue(text, { secret: field.secret || holdsCredentials(text) }),
      ...(isServiceLink(variable, text)
        ? { hint: 'a Kubernetes service link: set enableServiceLinks: false on the pod' }
        : {}),
    },
  };
}

/** An address with a password in it is refused, and must not be printed in saying so. */
function holdsCredentials(text: string): boolean {
  return text.includes('@');
}
