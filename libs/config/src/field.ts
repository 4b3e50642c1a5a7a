/** What reading one variable gave: a value, or why not (`reason` refines the field's `expected`). */
export type FieldResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected?: string };

/** One environment variable: how it is read and how it is documented. */
export interface Field<T> {
  readonly describe: string;
  readonly expected: string;
  readonly unit: string | undefined;
  readonly secret: boolean;
  readonly required: boolean;
  /** The default as an operator would write it; it is read by `read` like any other value. */
  readonly defaultText: string | undefined;
  /** What an unset variable reads as when it has no default; undefined for most fields. */
  readonly whenUnset?: T;
  /** Reads trimmed, non-empty text. */
  read(text: string): FieldResult<Exclude<T, undefined>>;
}

/** What every builder takes. Without `default` and `required`, an unset variable reads as undefined. */
export interface FieldOptions<D> {
  readonly describe: string;
  readonly unit?: string;
  readonly default?: D;
  readonly required?: boolean;
}

/** T when the options promise a value (a default, or required: true), else T | undefined. */
export type Present<O, T> = O extends { readonly default: unknown }
  ? T
  : O extends { readonly required: true }
    ? T
    : T | undefined;

export interface FieldSpec<V> {
  readonly options: FieldOptions<unknown>;
  readonly expected: string;
  readonly defaultText: string | undefined;
  readonly secret?: boolean;
  readonly read: (text: string) => FieldResult<V>;
}

/** Assembles a field; the builders of fields.ts and text-fields.ts are the public face. */
export function buildField<O, V>(spec: FieldSpec<V>): Field<Present<O, V>> {
  return {
    describe: spec.options.describe,
    expected: spec.expected,
    unit: spec.options.unit,
    secret: spec.secret ?? false,
    required: spec.options.required ?? false,
    defaultText: spec.defaultText,
    read: spec.read as Field<Present<O, V>>['read'],
  };
}

export const refused = { ok: false } as const;
