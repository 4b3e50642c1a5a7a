import { hexToBytes, isHex } from '@tops/crypto';
import { shapeProblem, type Shape } from '@tops/protocol';
import { InvalidArgumentError } from 'commander';

/** 32 bytes as 64 lower-case hex digits: the protocol knows no other spelling. */
export function parseHash(text: string): Uint8Array {
  if (!isHex(text, 32)) throw new InvalidArgumentError('Expected 64 lower-case hex digits.');
  return hexToBytes(text);
}

/** A public key as the verifier names it; kept as text. */
export function parseKeyHex(text: string): string {
  parseHash(text);
  return text;
}

export function parseNonce(text: string): number {
  return parseInteger(text, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

/** `m,n,k`, in this order, within the protocol's rules. */
export function parseShape(text: string): Shape {
  const sizes = parseIntegers(text);
  const [m, n, k] = sizes;
  if (sizes.length !== 3 || m === undefined || n === undefined || k === undefined)
    throw new InvalidArgumentError(`Expected three numbers m,n,k, got ${sizes.length}.`);
  const shape = { m, n, k };
  const problem = shapeProblem(shape);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem.detail}.`);
  return shape;
}

/** `i,j,…` as written; whether they fit the shape is the command's to say. */
export function parseRows(text: string): number[] {
  return parseIntegers(text);
}

/** `a..b`, `a..` or `..b`: epochs by id, both ends included. */
export function parseEpochRange(text: string): { from: number; to?: number } {
  const match = /^([0-9]*)\.\.([0-9]*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected a range of epoch ids a..b.');
  const [from = '', to = ''] = match.slice(1);
  const range = {
    from: from === '' ? 0 : parseNonce(from),
    ...(to === '' ? {} : { to: parseNonce(to) }),
  };
  if (range.to !== undefined && range.to < range.from)
    throw new InvalidArgumentError('Expected a range a..b with a at most b.');
  return range;
}

/** One more 32-byte key, in hex, for an option that may be repeated. */
export function collectKey(text: string, before: readonly string[]): string[] {
  parseHash(text);
  return [...before, text];
}

/** A commander argument parser for a plain decimal integer within bounds. */
export function integerWithin(bounds: { readonly min: number; readonly max: number }) {
  return (text: string): number => parseInteger(text, bounds);
}

function parseIntegers(text: string): number[] {
  return text.split(',').map((part) => parseNonce(part.trim()));
}

function parseInteger(
  text: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  const isPlain = /^(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(value);
  if (!isPlain || value < bounds.min || value > bounds.max)
    throw new InvalidArgumentError(`Expected an integer from ${bounds.min} to ${bounds.max}.`);
  return value;
}
