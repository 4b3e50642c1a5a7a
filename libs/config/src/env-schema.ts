import type { ConfigError } from './config-error.ts';
import type { Field } from './field.ts';

export type EnvFields = Readonly<Record<string, Field<unknown>>>;

/** The typed values of a schema: `values.WORKER_PORT` is a number. */
export type EnvValues<F extends EnvFields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

/** A rule over several variables; it runs once all of them have been read without an error. */
export interface EnvRule<F extends EnvFields> {
  readonly variables: readonly (keyof F & string)[];
  readonly check: (values: EnvValues<F>) => ConfigError | undefined;
}

export interface EnvSchema<F extends EnvFields = EnvFields> {
  readonly fields: F;
  readonly rules: readonly EnvRule<F>[];
}

/**
 * Declares the variables a program reads. Every default is read by its own field here, so a wrong one fails the first
 * test that loads the schema and not the operator who relies on it.
 *
 * @throws Error when a name is not UPPER_SNAKE_CASE, a default is refused, or a field is required and has a default.
 */
export function defineEnv<const F extends EnvFields>(
  fields: F,
  options: { readonly rules?: readonly EnvRule<F>[] } = {},
): EnvSchema<F> {
  for (const [name, field] of Object.entries(fields)) {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw new Error(`${name}: not an UPPER_SNAKE_CASE name`);
    if (field.defaultText === undefined) continue;
    if (field.required) throw new Error(`${name}: required, and yet it has a default`);
    if (!field.read(field.defaultText).ok)
      throw new Error(`${name}: its default ${field.defaultText} is not ${field.expected}`);
  }
  return { fields, rules: options.rules ?? [] };
}
