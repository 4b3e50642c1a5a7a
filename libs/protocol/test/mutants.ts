import type { ErrorCode } from '../src/index.ts';

/** What the value of a field is. */
export type Kind = 'integer' | 'integers' | 'hex' | 'base64' | 'text' | 'object';
export type Mutants = readonly (readonly [source: string, code: ErrorCode])[];

const quoted = (text: string) => JSON.stringify(text);
const notIntegers: Mutants = [
  ...['1.0', '7.5', '1e3', '1E3', '1e+2', '10e-1', '-0', '-1', '0.0', '0e0'].map(
    (source) => [source, 'integer_malformed'] as const,
  ),
  ...['9007199254740992', '9007199254740993', '18446744073709551616', '1e400', '1e-400'].map(
    (source) => [source, 'integer_malformed'] as const,
  ),
  ...['01', '+1', '0x10', '1_000', 'NaN', '.5', '1.'].map(
    (source) => [source, 'json_malformed'] as const,
  ),
];
/** Values of every other JSON type. */
export const wrongTypes = (right: Kind): Mutants => {
  const sources: Record<string, string> = {
    null: 'null',
    boolean: 'true',
    number: '5',
    string: '"5"',
    array: '["5"]',
    object: '{"a":5}',
  };
  const own = { integer: 'number', integers: 'array', object: 'object' } as Partial<
    Record<Kind, string>
  >;
  return Object.entries(sources)
    .filter(([type]) => type !== (own[right] ?? 'string'))
    .map(([, source]) => [source, 'field_type'] as const);
};

/** Every way to spoil the value of one field, with the code each deserves. */
export function spoiled(kind: Kind, good: unknown): Mutants {
  const text = String(good);
  switch (kind) {
    case 'integer':
      return notIntegers;
    case 'integers':
      return notIntegers.map(([source, code]) => [`[${source}]`, code] as const);
    case 'hex':
      return [
        text.toUpperCase(),
        text.replace(/[a-f]/, (digit) => digit.toUpperCase()),
        text.slice(1),
        text.slice(2),
        `${text}0`,
        `${text}00`,
        `0x${text.slice(2)}`,
        ` ${text.slice(1)}`,
        `${text.slice(1)}\n`,
        text.replace(/.$/, 'g'),
        text.replace(/.$/, '\u0660'),
        '',
      ].map((mutant) => [quoted(mutant), 'hex_malformed'] as const);
    case 'base64':
      return [
        text.slice(1),
        `${text}=`,
        `${text}====`,
        `${text}\n`,
        ` ${text}`,
        text.replace(/^./, '-'),
        text.replace(/^./, '_'),
        text.replace(/^./, '='),
        // One byte with a stray bit behind it, and with none: only the second is canonical.
        `${text}AB==`,
        `${text}AAB=`,
      ].map((mutant) => [quoted(mutant), 'base64_malformed'] as const);
    case 'text':
    case 'object':
      return [];
  }
}
