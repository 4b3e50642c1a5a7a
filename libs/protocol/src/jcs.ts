import canonicalize from 'canonicalize';

/**
 * RFC 8785 text of a JSON value.
 *
 * `canonicalize` orders and prints; what I-JSON (RFC 7493) has no form for is refused here first, because it would be
 * dropped or replaced in silence and two different values would sign alike.
 *
 * @param value - null, booleans, finite numbers, well-formed strings, arrays and plain objects of these; no undefined.
 * @throws TypeError when the value is anything else.
 */
export function jcs(value: unknown): string {
  requireJsonValue(value, 0);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('expected a JSON value, got nothing');
  return text;
}

/** UTF-8 of {@link jcs}: the form that is hashed and signed. */
export function jcsBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(jcs(value));
}

const maxDepth = 64;

function requireJsonValue(value: unknown, depth: number): void {
  if (depth > maxDepth) throw new TypeError(`expected at most ${maxDepth} levels of nesting`);
  switch (typeof value) {
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`expected a finite number, got ${value}`);
      return;
    case 'string':
      requireWellFormed(value);
      return;
    case 'object':
      break;
    default:
      throw new TypeError(`expected a JSON value, got ${typeof value}`);
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    // An index loop, because forEach steps over holes.
    for (let index = 0; index < value.length; index++) requireJsonValue(value[index], depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm (jest, node:vm) has that realm's Object.prototype, which itself has no prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError('expected a plain object, got an instance of a class');
  }
  // Own and enumerable it would be refused below; hidden or inherited, canonicalize would still call it.
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    throw new TypeError('expected a plain object, got one with a toJSON function');
  }
  for (const [key, member] of Object.entries(value)) {
    requireWellFormed(key);
    requireJsonValue(member, depth + 1);
  }
}

function requireWellFormed(text: string): void {
  if (hasLoneSurrogate(text))
    throw new TypeError('expected well-formed Unicode, got a lone surrogate');
}

/** Whether the text has a UTF-16 surrogate without its other half; such text has no UTF-8 form. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
