import { describe, expect, it } from '@jest/globals';
import { LedgerError } from '../ledger-error.ts';
import { toFailure } from './postgres-error.ts';

const withCode = (code: string) => Object.assign(new Error('why'), { code });

describe('toFailure', () => {
  it.each([
    ['40001', 'overloaded', 'conflict'],
    ['40P01', 'overloaded', 'conflict'],
    ['55P03', 'overloaded', 'conflict'],
    ['57014', 'overloaded', undefined],
    ['57P01', 'connection_lost', 'connection'],
    ['57P03', 'connection_lost', 'connection'],
    ['08006', 'connection_lost', 'connection'],
    ['25006', 'read_only', 'connection'],
    ['53100', 'disk_full', undefined],
    ['53200', 'overloaded', undefined],
    ['53300', 'overloaded', 'connection'],
    ['23505', 'input_invalid', undefined],
    ['22P02', 'input_invalid', undefined],
    ['XX001', 'corrupt', undefined],
    ['28P01', 'io', undefined],
    ['42501', 'io', undefined],
    ['ECONNREFUSED', 'connection_lost', 'connection'],
    ['ENOTFOUND', 'connection_lost', 'connection'],
    ['EPIPE', 'connection_lost', 'connection'],
    // A Node code of five letters is no SQLSTATE, and an unknown one passes not.
    ['EACCES', 'io', undefined],
  ])('gives %s the code %s', (code, ledgerCode, passing) => {
    expect(toFailure(withCode(code), 'read')).toMatchObject({
      error: { code: ledgerCode, message: 'read: why' },
      passing,
    });
  });

  it('knows a broken connection by its words, and looks into attempts at several addresses', () => {
    const lost = { error: { code: 'connection_lost' }, passing: 'connection' };
    for (const words of ['Connection terminated unexpectedly', 'Query read timeout']) {
      expect(toFailure(new Error(words), 'read')).toMatchObject(lost);
    }
    const both = new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]);
    expect(toFailure(both, 'read')).toMatchObject(lost);
    expect(toFailure('a word', 'read')).toMatchObject({ error: { code: 'io' } });
  });

  it('passes an error of the ledger through', () => {
    const error = new LedgerError('epoch_sealed', 'closed');
    expect(toFailure(error, 'read')).toEqual({ error, passing: undefined });
  });
});
