import { describe, expect, it } from '@jest/globals';
import { hrefOf, parseRoute, routeOfSearch, type Route } from './routes.ts';

const receiptId = 'ab'.repeat(32);
const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
const routes: Route[] = [
  { view: 'overview' },
  { view: 'workers' },
  { view: 'worker', did },
  { view: 'epochs' },
  { view: 'epochs', before: 29_924_040 },
  { view: 'epoch', epochId: 0 },
  { view: 'receipt', receiptId },
];

describe('routes', () => {
  it.each(routes)('$view comes back from its own link', (route) => {
    expect(parseRoute(hrefOf(route))).toEqual(route);
  });

  it('an empty address is the overview', () => {
    expect(parseRoute('')).toEqual({ view: 'overview' });
    expect(parseRoute('#')).toEqual({ view: 'overview' });
  });

  it.each([
    '#/nonsense',
    '#/workers/not-a-did',
    '#/workers/%E0%A4%A',
    '#/workers/a/b',
    '#/epochs/-1',
    '#/epochs/1e3',
    '#/epochs/99999999999999999',
    '#/epochs/before-x',
    '#/receipts/xyz',
    `#/receipts/${receiptId.toUpperCase()}`,
    '#/receipts',
    '#/receipts/../v1',
    '#/overview/1',
  ])('%s leads nowhere', (hash) => {
    expect(parseRoute(hash)).toEqual({ view: 'unknown' });
  });

  it('escapes what stands in a did', () => {
    expect(hrefOf({ view: 'worker', did: 'did:key:z/../#"<' })).toBe(
      '#/workers/did%3Akey%3Az%2F..%2F%23%22%3C',
    );
  });
});

describe('routeOfSearch', () => {
  it.each<[string, Route]>([
    [` ${did} `, { view: 'worker', did }],
    [receiptId.toUpperCase(), { view: 'receipt', receiptId }],
    ['29924040', { view: 'epoch', epochId: 29_924_040 }],
    ['gpu-box', { view: 'unknown' }],
    ['', { view: 'unknown' }],
  ])('%j', (typed, route) => {
    expect(routeOfSearch(typed)).toEqual(route);
  });
});
