import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { isAllowed, type Actor } from '../src/reachability/policies.ts';
import type { KubeObject } from '../src/manifest.ts';
import { reachability, type Row } from '../src/reachability/table.ts';
import { broken, remove, renderingOf } from './rendered.ts';

const has = (rows: readonly Row[], wanted: Partial<Row>): boolean =>
  rows.some((row) =>
    Object.entries(wanted).every(([key, value]) => row[key as keyof Row] === value),
  );

const lines = (rows: readonly Row[]): string[] =>
  rows.map(({ from, to, ports }) => `${from} → ${to}: ${ports}`);

describe('reachability of production', () => {
  const rows = reachability(renderingOf('production'));
  const of = (name: string) =>
    lines(rows.filter(({ from, to }) => (from === name || to === name) && !from.includes('other')));

  it('lets a worker reach verifiers and DNS, and be scraped', () => {
    expect(of('tops-worker')).toEqual([
      'tops-worker → tops-verifier: TCP 8081',
      'tops-worker → cluster DNS: TCP 53; UDP 53',
      'monitoring → tops-worker: TCP 8082',
    ]);
  });

  it('lets a verifier be reached by workers, ingress and monitoring, and reach its database and DNS', () => {
    expect(of('tops-verifier')).toEqual([
      'tops-worker → tops-verifier: TCP 8081',
      'tops-verifier → tops-ledger: TCP 5432',
      'tops-verifier → another tops-ledger: TCP 5432',
      'tops-verifier → cluster DNS: TCP 53; UDP 53',
      'ingress controller → tops-verifier: TCP 8081',
      'monitoring → tops-verifier: TCP 9464',
    ]);
  });

  it('leaves every other pod of the namespace alone', () => {
    expect(of('any other pod of the namespace')).toEqual([]);
  });

  it('takes a port-less rule, a forgotten deny and a wider peer for what they are', () => {
    const changed = (target: string, change: Parameters<typeof broken>[2]) =>
      reachability(broken('production', target, change));
    const open = { from: 'monitoring', to: 'tops-worker', ports: 'every port' };
    const worker = 'NetworkPolicy tops-worker';
    expect(
      has(
        changed(worker, ({ spec }) => delete spec.ingress[0].ports),
        open,
      ),
    ).toBe(true);
    const anybody = { from: 'outside addresses', to: 'tops-worker', ports: 'TCP 8082' };
    expect(
      has(
        changed(worker, ({ spec }) => delete spec.ingress[0].from),
        anybody,
      ),
    ).toBe(true);
    const stranger = { from: 'any other pod of the namespace', to: 'outside addresses' };
    const withoutDeny = changed('NetworkPolicy default-deny', (_object, objects) =>
      remove(objects, 'NetworkPolicy', 'default-deny'),
    );
    expect(has(withoutDeny, stranger)).toBe(true);
    expect(has(rows, stranger)).toBe(false);
    const wider = changed(worker, ({ spec }) => {
      spec.egress[0].to[0] = { namespaceSelector: {} };
    });
    expect(has(wider, { from: 'tops-worker', to: 'pods of other namespaces' })).toBe(true);
  });

  it.each(['8.8.8.8/32', '2001:db8::/32'])(
    'shows the addresses of %s when a policy names them',
    (cidr) => {
      const opened = broken('production', 'NetworkPolicy tops-worker', ({ spec }) =>
        spec.egress.push({ to: [{ ipBlock: { cidr } }] }),
      );
      const row = { from: 'tops-worker', to: `addresses of ${cidr}`, ports: 'every port' };
      expect(has(reachability(opened), row)).toBe(true);
    },
  );

  it('is the table of the docs, as is that of staging', () => {
    const page = readFileSync('docs/kubernetes.md', 'utf8');
    const cells = (line: string) => line.split('|').map((cell) => cell.trim());
    for (const name of ['production', 'staging']) {
      const [, table = ''] = page.split(new RegExp(`<!-- /?reachability-${name} -->`));
      const documented = table
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .slice(2)
        .flatMap((line) => {
          const [, from = '', to = '', ports = ''] = cells(line);
          return to.split(', ').map((each) => `${from} → ${each}: ${ports}`);
        });
      expect(documented.sort()).toEqual(lines(reachability(renderingOf(name))).sort());
    }
  });
});

const pod = (
  name: string,
  namespace = 'a',
  labels: Record<string, string> = { app: name },
): Actor => ({
  name,
  address: '10.1.0.1',
  pod: { namespace, labels, ports: { http: 8080 } },
});
const outside: Actor = { name: 'outside', address: '203.0.113.9' };

function policy(spec: object, namespace = 'a'): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace },
    spec,
  };
}

describe('isAllowed', () => {
  const port = { protocol: 'TCP', number: 8080 };
  const [left, right] = [pod('left'), pod('right')];
  const selector = { matchLabels: { app: 'right' } };
  const ask = (spec: object, from: Actor = left, at = port): boolean =>
    isAllowed({ from, to: right, port: at }, [policy(spec)]);

  it.each([
    ['no policy selects it', { podSelector: { matchLabels: { app: 'x' } }, ingress: [] }, true],
    ['a policy without rules', { podSelector: selector }, false],
    ['an empty rule', { podSelector: selector, ingress: [{}] }, true],
    ['an empty list of rules', { podSelector: selector, ingress: [] }, false],
    [
      'an empty list of egress and no types, from a sender it selects',
      { podSelector: { matchLabels: { app: 'left' } }, egress: [] },
      true,
    ],
    ['egress alone', { podSelector: selector, policyTypes: ['Egress'] }, true],
    [
      'its own namespace',
      { podSelector: selector, ingress: [{ from: [{ podSelector: {} }] }] },
      true,
    ],
    [
      'both selectors of one peer',
      {
        podSelector: selector,
        ingress: [
          {
            from: [
              {
                podSelector: { matchLabels: { app: 'left' } },
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'b' } },
              },
            ],
          },
        ],
      },
      false,
    ],
    ['a port by name', { podSelector: selector, ingress: [{ ports: [{ port: 'http' }] }] }, true],
    [
      'another protocol',
      { podSelector: selector, ingress: [{ ports: [{ port: 8080, protocol: 'UDP' }] }] },
      false,
    ],
    [
      'a range',
      { podSelector: selector, ingress: [{ ports: [{ port: 8000, endPort: 8080 }] }] },
      true,
    ],
    [
      'a range below',
      { podSelector: selector, ingress: [{ ports: [{ port: 8000, endPort: 8079 }] }] },
      false,
    ],
  ])('%s', (_what, spec, allowed) => {
    expect(ask(spec)).toBe(allowed);
  });

  it('knows addresses, and their exceptions', () => {
    const block = (ipBlock: object) => ({
      podSelector: selector,
      ingress: [{ from: [{ ipBlock }] }],
    });
    expect(ask(block({ cidr: '203.0.113.0/24' }), outside)).toBe(true);
    expect(ask(block({ cidr: '203.0.113.0/24', except: ['203.0.113.8/31'] }), outside)).toBe(false);
    expect(
      ask({ podSelector: selector, ingress: [{ from: [{ podSelector: {} }] }] }, outside),
    ).toBe(false);
  });

  it('wants both sides to agree', () => {
    const policies = [
      policy({ podSelector: selector, ingress: [{}] }),
      policy({
        podSelector: { matchLabels: { app: 'left' } },
        policyTypes: ['Egress'],
        egress: [],
      }),
    ];
    expect(isAllowed({ from: left, to: right, port }, policies)).toBe(false);
    expect(isAllowed({ from: pod('third'), to: right, port }, policies)).toBe(true);
  });
});
