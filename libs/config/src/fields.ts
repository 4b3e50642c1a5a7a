import { buildField, refused, type Field, type FieldOptions, type Present } from './field.ts';

export interface IntegerOptions extends FieldOptions<number> {
  readonly min: number;
  readonly max: number;
}

/** A plain decimal integer from min to max, both included. */
export function integer<const O extends IntegerOptions>(options: O): Field<Present<O, number>> {
  return buildField<O, number>({
    options,
    expected: `an integer from ${options.min} to ${options.max}`,
    defaultText: options.default === undefined ? undefined : String(options.default),
    read(text) {
      // Number() alone would also take 0x10, 1e3, 1.0 and white space.
      if (!/^-?(0|[1-9][0-9]*)$/.test(text)) return refused;
      const value = Number(text);
      if (!Number.isSafeInteger(value) || value < options.min || value > options.max)
        return refused;
      return { ok: true, value };
    },
  });
}

/** A decimal number, fraction allowed, from min to max, both included. */
export function decimal<const O extends IntegerOptions>(options: O): Field<Present<O, number>> {
  return buildField<O, number>({
    options,
    expected: `a number from ${options.min} to ${options.max}`,
    defaultText: options.default === undefined ? undefined : String(options.default),
    read(text) {
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return refused;
      const value = Number(text);
      return value >= options.min && value <= options.max ? { ok: true, value } : refused;
    },
  });
}

/** A switch: `1` is true, `0` is false, nothing else is taken. */
export function flag<const O extends FieldOptions<boolean>>(
  options: O,
): Field<Present<O, boolean>> {
  return buildField<O, boolean>({
    options,
    expected: '0 or 1',
    defaultText: options.default === undefined ? undefined : options.default ? '1' : '0',
    read(text) {
      return text === '0' || text === '1' ? { ok: true, value: text === '1' } : refused;
    },
  });
}

export interface ChoiceOptions<V extends string> extends FieldOptions<V> {
  readonly values: readonly V[];
}

/** One of a closed list of words, exactly as written. */
export function choice<const V extends string, const O extends ChoiceOptions<V>>(
  options: O & ChoiceOptions<V>,
): Field<Present<O, V>> {
  return buildField<O, V>({
    options,
    expected: `one of ${options.values.join(', ')}`,
    defaultText: options.default,
    read(text) {
      const value = options.values.find((candidate) => candidate === text);
      return value === undefined ? refused : { ok: true, value };
    },
  });
}

export interface CustomOptions<T> extends FieldOptions<string> {
  readonly expected: string;
  readonly secret?: boolean;
  /** Reads trimmed, non-empty text; undefined refuses it, a thrown error is a bug. `default` is text read the same way. */
  readonly parse: (text: string) => T | undefined;
}

/** Any other form; the caller's `parse` decides and `expected` says what it takes. */
export function custom<T, const O extends CustomOptions<T>>(
  options: O & CustomOptions<T>,
): Field<Present<O, T>> {
  return buildField<O, T>({
    options,
    expected: options.expected,
    defaultText: options.default,
    secret: options.secret ?? false,
    read(text) {
      const value = options.parse(text);
      return value === undefined ? refused : { ok: true, value };
    },
  });
}
