/** What stands in a log line where a secret would. */
export const REDACTED = '[redacted]';

const DEPTH_MAX = 8;
const ITEMS_MAX = 100;
const TEXT_CHARACTERS_MAX = 4096;

const secretWords = new Set([
  'sk',
  'seed',
  'secret',
  'secrets',
  'token',
  'authorization',
  'cookie',
  'password',
  'passphrase',
  'credentials',
  'mnemonic',
]);
const secretPairs = ['private_key', 'secret_key', 'api_key', 'signing_key', 'key_pair'];

/** Whether a field of this name is hidden: one of its words is sk, seed, secret, token … or it is a private or api key. */
export function looksSecret(name: string): boolean {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  const words = snake.split('_');
  if (words.some((word) => secretWords.has(word))) return true;
  return secretPairs.some((pair) => snake.includes(pair) || words.includes(pair.replace('_', '')));
}

export interface RedactOptions {
  /** Exact texts that must never appear, wherever they stand: the seed in hex as it was configured. */
  readonly secretValues?: readonly string[];
}

/**
 * A JSON-safe copy of a log field: secret-looking names hidden at every depth, bytes shown only by their count, errors
 * with their code and causes, long texts, lists and depths cut. Never throws; cycles end as [circular].
 */
export function redact(value: unknown, options: RedactOptions = {}): unknown {
  // An empty or tiny "secret" would blank out half of every line.
  const secretValues = (options.secretValues ?? []).filter((secret) => secret.length >= 8);
  return copy(value, { secretValues, ancestors: [] });
}

interface Walk {
  readonly secretValues: readonly string[];
  readonly ancestors: readonly object[];
}

function copy(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      return copyText(value, walk);
    case 'bigint':
      return value.toString();
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    case 'object':
      return value === null ? null : copyObject(value, walk);
    default:
      return value;
  }
}

function copyText(text: string, walk: Walk): string {
  let clean = text.replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, `$1 ${REDACTED}`);
  for (const secret of walk.secretValues) clean = clean.replaceAll(secret, REDACTED);
  return clean.length > TEXT_CHARACTERS_MAX ? `${clean.slice(0, TEXT_CHARACTERS_MAX)}…` : clean;
}

function copyObject(value: object, walk: Walk): unknown {
  if (walk.ancestors.includes(value)) return '[circular]';
  if (walk.ancestors.length >= DEPTH_MAX) return '[too deep]';
  const inner = { ...walk, ancestors: [...walk.ancestors, value] };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return copyError(value, inner);
  if (Array.isArray(value)) return copyList(value, inner);
  if (value instanceof Set) return copyList([...value], inner);
  if (value instanceof Map)
    return copyEntries(
      [...value].map(([key, item]) => [String(key), item]),
      inner,
    );
  return copyPlain(value, inner);
}

function copyPlain(value: object, walk: Walk): unknown {
  try {
    // Objects that know how to hide themselves (key pairs) say so through toJSON.
    const own = (value as { toJSON?: unknown }).toJSON;
    if (typeof own === 'function') return copy(own.call(value), walk);
    return copyEntries(Object.entries(value), walk);
  } catch {
    return '[unreadable]';
  }
}

function copyList(items: readonly unknown[], walk: Walk): unknown[] {
  const copied = items.slice(0, ITEMS_MAX).map((item) => copy(item, walk));
  if (items.length > ITEMS_MAX) copied.push(`[${items.length - ITEMS_MAX} more]`);
  return copied;
}

function copyEntries(
  entries: readonly (readonly [string, unknown])[],
  walk: Walk,
): Record<string, unknown> {
  const copied: Record<string, unknown> = {};
  for (const [name, item] of entries.slice(0, ITEMS_MAX))
    copied[copyText(name, walk)] = looksSecret(name) ? REDACTED : copy(item, walk);
  if (entries.length > ITEMS_MAX) copied['…'] = `[${entries.length - ITEMS_MAX} more]`;
  return copied;
}

function copyError(error: Error, walk: Walk): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    name: copyText(name, walk),
    message: copyText(message, walk),
    ...copyEntries(
      Object.entries(error).filter(([key]) => !['name', 'message', 'stack', 'cause'].includes(key)),
      walk,
    ),
    ...(stack === undefined ? {} : { stack: copyText(stack, walk) }),
    ...(cause === undefined ? {} : { cause: copy(cause, walk) }),
  };
}
