import { describe, expect, it } from '@jest/globals';
import {
  type Parsed,
  parseBundle,
  parseChallenge,
  parseEpochInfo,
  parseEvidence,
  parseProof,
  parseReceipt,
  parseWorkerInfo,
} from '../../src/index.ts';
import { expectProblem, expectValue, parseBytes } from '../expect-parsed.ts';
import {
  goodBundle,
  goodChallenge,
  goodEpochInfo,
  goodEvidence,
  goodProof,
  goodReceipt,
  goodWorker,
  wire,
} from '../good-messages.ts';
import { type Kind, spoiled, wrongTypes } from '../mutants.ts';
import { type JsonTree, editObject, setField, textOf, treeOf } from '../json-text.ts';

interface Message {
  readonly name: string;
  readonly good: unknown;
  readonly read: (value: unknown) => Parsed<unknown>;
  /** Requests refuse fields they do not know, answers ignore them. */
  readonly strict: boolean;
  readonly fields: Readonly<Record<string, Kind>>;
  /** Fields that may be absent or null. */
  readonly optional?: readonly string[];
}

const receiptFields = (prefix: string): Record<string, Kind> => ({
  [`${prefix}kernel_ver`]: 'text',
  [`${prefix}device_did`]: 'text',
  [`${prefix}public_key_hex`]: 'hex',
  [`${prefix}epoch_id`]: 'integer',
  [`${prefix}prev_hash_hex`]: 'hex',
  [`${prefix}nonce`]: 'integer',
  [`${prefix}sizes`]: 'object',
  [`${prefix}sizes.m`]: 'integer',
  [`${prefix}sizes.n`]: 'integer',
  [`${prefix}sizes.k`]: 'integer',
  [`${prefix}work_root_hex`]: 'hex',
  [`${prefix}time_ms`]: 'integer',
  [`${prefix}driver_hint`]: 'text',
  [`${prefix}sig_hex`]: 'hex',
});

const messages: readonly Message[] = [
  {
    name: 'receipt',
    good: goodReceipt,
    read: parseReceipt,
    strict: true,
    fields: receiptFields(''),
  },
  {
    name: 'proof',
    good: goodProof,
    read: parseProof,
    strict: true,
    fields: { leaves: 'base64', siblings: 'base64' },
  },
  {
    name: 'bundle',
    good: goodBundle,
    read: (value) => parseBundle(value, { auditRowsMax: 64 }),
    strict: true,
    fields: {
      receipt: 'object',
      rows: 'integers',
      leaves: 'base64',
      siblings: 'base64',
      ...receiptFields('receipt.'),
    },
  },
  {
    name: 'evidence',
    good: goodEvidence,
    read: (value) => parseEvidence(value, { auditRowsMax: 64 }),
    strict: true,
    fields: {
      receipt: 'object',
      rows: 'integers',
      leaves: 'base64',
      siblings: 'base64',
      deadline_at: 'integer',
      challenge_sig_hex: 'hex',
      verifier_key_hex: 'hex',
      mismatch_row: 'integer',
      ...receiptFields('receipt.'),
    },
  },
  {
    name: 'challenge',
    good: goodChallenge,
    read: parseChallenge,
    strict: false,
    fields: {
      receipt_id: 'hex',
      rows: 'integers',
      deadline_at: 'integer',
      challenge_sig_hex: 'hex',
    },
  },
  {
    name: 'epoch',
    good: goodEpochInfo,
    read: parseEpochInfo,
    strict: false,
    fields: {
      epoch_id: 'integer',
      prev_hash_hex: 'hex',
      opens_at: 'integer',
      closes_at: 'integer',
      kernel_ver: 'text',
      verifier_key_hex: 'hex',
      limits: 'object',
      ...Object.fromEntries(
        Object.keys(goodEpochInfo.limits).map((name) => [`limits.${name}`, 'integer' as const]),
      ),
    },
  },
  {
    name: 'worker',
    good: goodWorker,
    read: parseWorkerInfo,
    strict: false,
    fields: {
      did: 'text',
      public_key_hex: 'hex',
      label: 'text',
      credited_ops: 'text',
      accepted: 'integer',
      rejected: 'integer',
      missed: 'integer',
      audit_rows: 'integer',
      state: 'text',
      last_seen_at: 'integer',
    },
    optional: ['label', 'last_seen_at'],
  },
];

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((at, name) => (at as Record<string, unknown>)[name], value);

describe.each(messages)('every structured mutant of a good $name', (message) => {
  const { good, read, strict, fields, optional = [] } = message;
  const tree = treeOf(good);
  const parse = (mutant: JsonTree) => parseBytes(wire(textOf(mutant)), read);
  const codeOf = (mutant: JsonTree) => expectProblem(parse(mutant)).code;
  const paths = Object.keys(fields).map((path) => path.split('.'));
  const objects = ['', ...Object.keys(fields).filter((path) => fields[path] === 'object')].map(
    (path) => path.split('.').filter((name) => name !== ''),
  );

  it('control: the good one parses', () => {
    expectValue(parse(tree));
  });

  it.each(paths.map((path) => [path.join('.'), path] as const))('%s dropped', (name, path) => {
    const field = path.at(-1);
    const dropped = editObject(tree, path.slice(0, -1), (entries) =>
      entries.filter(([key]) => key !== field),
    );
    if (optional.includes(name)) expectValue(parse(dropped));
    else
      expect(expectProblem(parse(dropped))).toMatchObject({ code: 'field_missing', field: name });
  });

  it.each(paths.map((path) => [path.join('.'), path] as const))(
    '%s twice, with the same value or another',
    (_name, path) => {
      const field = path.at(-1);
      for (const second of [undefined, '5', 'null']) {
        const doubled = editObject(tree, path.slice(0, -1), (entries) => [
          ...entries,
          ...entries
            .filter(([key]) => key === field)
            .map(([key, member]) => [key, second ?? member] as const),
        ]);
        expect(codeOf(doubled)).toBe('json_duplicate_key');
      }
    },
  );

  it.each(paths.map((path) => [path.join('.'), path] as const))('%s renamed', (name, path) => {
    const field = path.at(-1) ?? '';
    for (const other of [field.toUpperCase(), `${field} `, `${field}x`, '__proto__', '']) {
      const renamed = editObject(tree, path.slice(0, -1), (entries) =>
        entries.map(([key, member]) => [key === field ? other : key, member] as const),
      );
      if (strict) expect(codeOf(renamed)).toBe('field_unknown');
      else if (!optional.includes(name)) expect(codeOf(renamed)).toBe('field_missing');
    }
  });

  it.each(objects.map((path) => [path.join('.') || 'the message', path] as const))(
    'a field added to %s',
    (_name, path) => {
      for (const added of ['extra', 'toString', '__proto__', 'constructor', 'sizes.m']) {
        const mutant = editObject(tree, path, (entries) => [...entries, [added, '1']]);
        if (strict) expect(codeOf(mutant)).toBe('field_unknown');
        else expectValue(parse(mutant));
      }
    },
  );

  it.each(paths.map((path) => [path.join('.'), path] as const))(
    '%s of another type or form',
    (name, path) => {
      const kind = fields[name] ?? 'text';
      const mutants = [...wrongTypes(kind), ...spoiled(kind, valueAt(good, path))];
      for (const [source, code] of mutants) {
        if (source === 'null' && optional.includes(name)) continue;
        const problem = expectProblem(parse(setField(tree, path, source)));
        expect({ source, code: problem.code }).toEqual({ source, code });
        if (code !== 'json_malformed') expect(problem.field?.startsWith(name)).toBe(true);
      }
    },
  );

  it('the whole of another type', () => {
    for (const source of ['null', 'true', '5', '"x"', '[]', `[${textOf(tree)}]`]) {
      expect(codeOf(source)).toBe('field_type');
    }
    expect(codeOf('{}')).toBe('field_missing');
  });
});
