import { expect } from '@jest/globals';
import { type Parsed, type Problem, parseJson } from '../src/index.ts';

type Reader<T> = (value: unknown) => Parsed<T>;

/** What a service does with a body: JSON first, then the message. */
export function parseBytes<T>(bytes: Uint8Array, read: Reader<T>): Parsed<T> {
  const json = parseJson(bytes);
  return json.ok ? read(json.value) : json;
}

export function expectValue<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`expected a value, got ${JSON.stringify(parsed.problem)}`);
  return parsed.value;
}

export function expectProblem(parsed: Parsed<unknown>): Problem {
  if (parsed.ok) throw new Error('expected a problem, got a value');
  // Details reach logs and terminals: printable and bounded whatever the caller sent.
  expect(parsed.problem.detail).toMatch(/^[\x20-\x7e]{1,900}$/);
  return parsed.problem;
}
