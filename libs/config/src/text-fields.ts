import { buildField, refused, type Field, type FieldOptions, type Present } from './field.ts';

export interface TextOptions extends FieldOptions<string> {
  /** What the whole text must match; say it in `expected`. */
  readonly pattern?: RegExp;
  readonly expected?: string;
  readonly maxLength?: number;
  readonly secret?: boolean;
}

/** Free text up to maxLength (1024) characters, optionally of a pattern. */
export function text<const O extends TextOptions>(options: O): Field<Present<O, string>> {
  const maxLength = options.maxLength ?? 1024;
  return buildField<O, string>({
    options,
    expected: options.expected ?? `1 to ${maxLength} characters`,
    defaultText: options.default,
    secret: options.secret ?? false,
    read(value) {
      if (value.length > maxLength) return refused;
      return options.pattern?.test(value) === false ? refused : { ok: true, value };
    },
  });
}

/** A file or directory name, as given: apps resolve it. */
export function path<const O extends FieldOptions<string>>(options: O): Field<Present<O, string>> {
  return buildField<O, string>({
    options,
    expected: 'a path',
    defaultText: options.default,
    read: (value) => (value.length > 4096 || value.includes('\0') ? refused : { ok: true, value }),
  });
}

/**
 * An absolute http or https address without user name, password, query or fragment; read without its trailing slash, so
 * that `${value}/v1/epoch` is right. Credentials are refused because fetch refuses them too.
 */
export function url<const O extends FieldOptions<string>>(options: O): Field<Present<O, string>> {
  return buildField<O, string>({
    options,
    expected: 'an http:// or https:// address without credentials, query or fragment',
    defaultText: options.default,
    read(value) {
      if (!URL.canParse(value)) return refused;
      const parsed = new URL(value);
      if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return refused;
      if (parsed.username !== '' || parsed.password !== '') return refused;
      if (/[?#]/.test(value)) return refused;
      return { ok: true, value: parsed.href.replace(/\/+$/, '') };
    },
  });
}

export interface HexBytesOptions extends FieldOptions<string> {
  readonly bytes: number;
  readonly secret: boolean;
}

/** A fixed number of bytes in hex, either case. */
export function hexBytes<const O extends HexBytesOptions>(
  options: O,
): Field<Present<O, Uint8Array>> {
  const digits = new RegExp(`^[0-9a-fA-F]{${options.bytes * 2}}$`);
  return buildField<O, Uint8Array>({
    options,
    expected: `${options.bytes * 2} hex digits (${options.bytes} bytes)`,
    defaultText: options.default,
    secret: options.secret,
    read: (value) =>
      digits.test(value)
        ? { ok: true, value: Uint8Array.from(Buffer.from(value, 'hex')) }
        : refused,
  });
}

/** Public keys (32 bytes in hex, either case) between commas; read as distinct lower-case texts. At most 10 000. */
export function hexKeyList<const O extends FieldOptions<string>>(
  options: O,
): Field<readonly string[]> {
  const field = buildField<{ required: true }, readonly string[]>({
    options,
    expected: 'public keys of 64 hex digits each, between commas',
    defaultText: options.default,
    read(value) {
      const keys = value.split(',').map((key) => key.trim().toLowerCase());
      if (keys.length > 10_000) return { ok: false, expected: 'at most 10000 keys' };
      const bad = keys.findIndex((key) => !/^[0-9a-f]{64}$/.test(key));
      if (bad >= 0)
        return { ok: false, expected: `64 hex digits for key ${bad + 1} of ${keys.length}` };
      return { ok: true, value: [...new Set(keys)] };
    },
  });
  return { ...field, whenUnset: [] };
}
