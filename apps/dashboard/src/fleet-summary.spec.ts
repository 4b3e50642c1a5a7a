import { describe, expect, it } from '@jest/globals';
import { readWorker, type Worker } from './api-model.ts';
import {
  filterWorkers,
  isOnline,
  sortWorkers,
  summariseFleet,
  workerColumns,
} from './fleet-summary.ts';

const nowMs = 1_000_000_000;
const worker = (fields: object): Worker => readWorker({ last_seen_at: nowMs, ...fields });
const fleet = [
  worker({ did: 'c', label: 'Rack-1', credited_ops: '9', verified_tops: 2, accepted: 5 }),
  worker({ did: 'a', credited_ops: '10', verified_tops: 1, rejected: 1, state: 'quarantined' }),
  worker({ did: 'b', credited_ops: '9223372036854775808', verified_tops: 1, missed: 2 }),
  worker({ did: 'd', last_seen_at: nowMs - 60_001, state: 'probation' }),
];
const dids = (workers: readonly Worker[]): string => workers.map(({ did }) => did).join('');

describe('summariseFleet', () => {
  it('adds up without losing digits, a missing figure counting as zero', () => {
    expect(summariseFleet(fleet, nowMs)).toEqual({
      workerCount: 4,
      onlineCount: 3,
      quarantinedCount: 1,
      probationCount: 1,
      verifiedTops: 4,
      creditedOps: '9223372036854775827',
      accepted: 5,
      rejected: 1,
      missed: 2,
    });
  });

  it('is all zero for nobody', () => {
    expect(summariseFleet([], nowMs)).toMatchObject({ workerCount: 0, creditedOps: '0' });
  });
});

describe('isOnline', () => {
  it('ends a minute after the last word, and is false for a worker never seen', () => {
    expect(isOnline(worker({ last_seen_at: nowMs - 60_000 }), nowMs)).toBe(true);
    expect(isOnline(worker({ last_seen_at: nowMs - 60_001 }), nowMs)).toBe(false);
    expect(isOnline(worker({ last_seen_at: undefined }), nowMs)).toBe(false);
  });
});

describe('sortWorkers', () => {
  it('compares credited ops as numbers of any size', () => {
    expect(dids(sortWorkers(fleet, { column: 'credited_ops', descending: true }))).toBe('bacd');
  });

  it('breaks ties by did in either direction, so rows do not jump', () => {
    expect(dids(sortWorkers(fleet, { column: 'verified_tops', descending: true }))).toBe('cabd');
    expect(dids(sortWorkers(fleet, { column: 'verified_tops', descending: false }))).toBe('dabc');
  });

  it('has an order for every column and leaves its argument alone', () => {
    for (const column of workerColumns) {
      expect(sortWorkers(fleet, { column, descending: false })).toHaveLength(4);
    }
    expect(dids(fleet)).toBe('cabd');
  });
});

describe('filterWorkers', () => {
  it('finds did or label whatever the case', () => {
    expect(dids(filterWorkers(fleet, ' rack '))).toBe('c');
    expect(dids(filterWorkers(fleet, 'B'))).toBe('b');
    expect(dids(filterWorkers(fleet, ''))).toBe('cabd');
    expect(filterWorkers(fleet, 'nobody')).toEqual([]);
  });
});
