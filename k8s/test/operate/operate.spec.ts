import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { hexToBytes, keyPairFromSeed, bytesToHex } from '@tops/crypto';
import { parseManifests } from '../../src/manifest.ts';
import { environmentNamed } from '../../src/operate/environments.ts';
import { rollback } from '../../src/operate/rollback.ts';
import { makeSecrets } from '../../src/operate/secrets.ts';
import { verifyDeployment } from '../../src/operate/verify.ts';
import { renderingOf } from '../rendered.ts';
import { FakePrograms, but, wellDisposed, type Answer } from './fake-programs.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function fakeWith(
  answers: Readonly<Record<string, readonly Answer[]>> = wellDisposed,
): FakePrograms {
  const fake = new FakePrograms(answers);
  cleanups.push(() => fake.remove());
  return fake;
}

const staging = environmentNamed('staging');

describe('secrets', () => {
  const make = (options: { isApplied: boolean; databaseUrl?: string }, fake = fakeWith()) => {
    const printed: string[] = [];
    const rendering = renderingOf('staging');
    makeSecrets(
      { environment: staging, ...options },
      { runner: fake.runner, env: fake.env, print: (line) => printed.push(line), rendering },
    );
    return { fake, printed };
  };
  const dataOf = (text: string) =>
    Object.fromEntries(
      parseManifests(text).map((secret) => [secret.metadata.name, secret['stringData']]),
    ) as Record<string, Record<string, string>>;

  it('prints keys that belong together, new ones each time, and asks no cluster', () => {
    const { fake, printed } = make({ isApplied: false });
    expect(fake.lines).toEqual([]);
    const { 'tops-worker-secrets': worker, 'tops-verifier-secrets': verifier } = dataOf(
      printed.join('\n'),
    );
    const seed = hexToBytes(worker?.['WORKER_SK_HEX'] ?? '');
    expect(worker?.['VERIFY_PUBKEY']).toBe(bytesToHex(keyPairFromSeed(seed).publicKey));
    expect(verifier?.['VERIFIER_SK_HEX']).toMatch(/^[0-9a-f]{64}$/);
    expect(verifier?.['VERIFIER_SK_HEX']).not.toBe(worker?.['WORKER_SK_HEX']);
    expect(make({ isApplied: false }).printed).not.toEqual(printed);
  });

  it('creates them after the namespace, and says nothing of them', () => {
    const { fake, printed } = make({ isApplied: true, databaseUrl: 'postgres://u:p@h/d' });
    expect(printed).toEqual([]);
    const calls = fake.calls.filter(({ input }) => input !== '');
    expect(calls.map(({ args }) => args[2])).toEqual(['apply', 'create']);
    expect(parseManifests(calls[0]?.input ?? '')[0]?.kind).toBe('Namespace');
    expect(dataOf(calls[1]?.input ?? '')['tops-verifier-database']).toEqual({
      DATABASE_URL: 'postgres://u:p@h/d',
    });
    const seed = dataOf(calls[1]?.input ?? '')['tops-worker-secrets']?.['WORKER_SK_HEX'];
    expect(fake.lines.join()).not.toContain(seed);
  });

  it('never replaces a key in use', () => {
    const both = 'secret/tops-worker-secrets\nsecret/tops-verifier-secrets\n';
    const withBoth = () =>
      fakeWith(but('kubectl', { when: ['get', '--output=name'], stdout: both }));
    const fake = withBoth();
    expect(() => make({ isApplied: true }, fake)).toThrow(
      'got tops-worker-secrets, tops-verifier-secrets',
    );
    expect(fake.lines.filter((line) => line.includes(' create '))).toEqual([]);
    // What is new comes beside them.
    const later = make({ isApplied: true, databaseUrl: 'postgres://u:p@h/d' }, withBoth());
    const created = later.fake.calls.filter(({ args }) => args.includes('create'));
    expect(created.map(({ input }) => Object.keys(dataOf(input)))).toEqual([
      ['tops-verifier-database'],
    ]);
    expect(later.printed).toEqual([
      'tops-worker-secrets is there, and stays as it is',
      'tops-verifier-secrets is there, and stays as it is',
    ]);
  });

  it('refuses another context', () => {
    const fake = fakeWith(but('kubectl', { when: ['current-context'], stdout: 'other\n' }));
    expect(() => make({ isApplied: true }, fake)).toThrow('got other');
    expect(fake.lines).toHaveLength(1);
  });
});

describe('rollback', () => {
  const undo = async (
    options: { app?: string; revision?: string },
    name: 'staging' | 'production' = 'staging',
    fake = fakeWith(),
  ) => {
    const env = { ...fake.env, PRODUCTION_CONTEXT: 'tops-staging' };
    await rollback(
      { environment: environmentNamed(name), ...options },
      { runner: fake.runner, env, rendering: renderingOf(name) },
    );
    return fake.lines.map((line) => line.replace(/--\w+=\S+ --namespace=\S+ /, ''));
  };

  it('puts both back, then waits', async () => {
    expect(await undo({})).toEqual([
      'kubectl config current-context',
      'kubectl rollout undo deployment/tops-verifier --dry-run=server',
      'kubectl rollout undo deployment/tops-worker --dry-run=server',
      'kubectl rollout undo deployment/tops-verifier',
      'kubectl rollout undo deployment/tops-worker',
      'kubectl rollout status deployment/tops-verifier --timeout=15m',
      'kubectl rollout status deployment/tops-worker --timeout=15m',
    ]);
  });

  it('puts one back to a revision; a verifier under a Rollout by its Deployment', async () => {
    const lines = await undo({ app: 'verifier', revision: '7' }, 'production');
    expect([lines[2], lines.at(-1)]).toEqual([
      'kubectl rollout undo deployment/tops-verifier --to-revision=7',
      'kubectl get rollout/tops-verifier --output=jsonpath={.status.phase} {.status.message}',
    ]);
  });

  it('puts none back when one has nothing to go back to', async () => {
    const fake = fakeWith(
      but('kubectl', {
        when: ['undo', 'deployment/tops-worker', '--dry-run=server'],
        stderr: 'error: no rollout history found',
        status: 1,
      }),
    );
    await expect(undo({}, 'staging', fake)).rejects.toThrow('no rollout history');
    const undone = fake.lines.filter((line) => line.includes(' undo '));
    expect(undone.filter((line) => !line.includes('--dry-run=server'))).toEqual([]);
  });

  it.each([
    [{ app: 'dashboard' }, 'expected --app worker or verifier'],
    [{ revision: '3' }, 'expected --app beside --to-revision'],
    [{ app: 'worker', revision: '-1' }, 'expected --to-revision with a number'],
  ])('refuses %p', async (options, message) => {
    await expect(undo(options)).rejects.toThrow(message);
  });
});

describe('verify', () => {
  /** Both services at one port, as a port-forward would show them; `answers` by path. */
  async function services(
    answers: Readonly<Record<string, (call: number) => unknown>>,
  ): Promise<number> {
    const calls = new Map<string, number>();
    const server: Server = createServer(({ url = '' }, response) => {
      const call = calls.get(url) ?? 0;
      calls.set(url, call + 1);
      const body = answers[url]?.(call) ?? null;
      response.statusCode = body === null ? 503 : 200;
      response.end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  const ok = () => ({});
  const healthy = {
    '/health': ok,
    '/ready': ok,
    '/status': () => ({ did: 'did:key:zWorker' }),
    '/v1/workers/did:key:zWorker': (call: number) => ({ accepted: 40 + Math.max(0, call - 1) }),
  };

  async function look(
    answers: Readonly<Record<string, (call: number) => unknown>>,
    receiptMsMax = 20_000,
  ) {
    const port = await services(answers);
    const stdout = `Forwarding from 127.0.0.1:${port} -> 8081\n`;
    const fake = fakeWith(but('kubectl', { when: ['port-forward'], stdout, stays: true }));
    const printed: string[] = [];
    const context = {
      runner: fake.runner,
      env: fake.env,
      print: (line: string) => void printed.push(line),
    };
    const looking = verifyDeployment(
      { environment: staging, receiptMsMax },
      { ...context, rendering: renderingOf('staging') },
    );
    return { looking, printed, fake };
  }

  it('waits for the rollout, asks both services, and sees a receipt accepted', async () => {
    const { looking, printed, fake } = await look(healthy);
    await looking;
    expect(printed).toEqual([
      'rolled out',
      'worker: healthy and ready',
      'verifier: healthy and ready',
      'receipts: 1 more accepted while looking',
    ]);
    expect(fake.lines.map((line) => line.replace(/--\w+=\S+ --namespace=\S+ /, ''))).toEqual([
      'kubectl config current-context',
      'kubectl rollout status deployment/tops-verifier --timeout=15m',
      'kubectl rollout status deployment/tops-worker --timeout=15m',
      'kubectl port-forward service/tops-worker-service :8082 --address=127.0.0.1',
      'kubectl port-forward service/tops-verifier :8081 --address=127.0.0.1',
    ]);
  });

  it.each([
    [
      'a worker that is not ready',
      { ...healthy, '/ready': () => null },
      '/ready: expected 200, got 503',
    ],
    [
      'receipts of before',
      { ...healthy, '/v1/workers/did:key:zWorker': () => ({ accepted: 40 }) },
      'expected a receipt accepted within',
    ],
    ['a worker without a key', { ...healthy, '/status': ok }, 'does not say its key'],
  ])('is not content with %s', async (_what, answers, message) => {
    const { looking } = await look(answers, 100);
    await expect(looking).rejects.toThrow(message);
  });

  it('says why a port-forward does not open', async () => {
    const fake = fakeWith(
      but('kubectl', { when: ['port-forward'], stderr: 'no such service', status: 1 }),
    );
    const context = { runner: fake.runner, env: fake.env, print: () => undefined };
    await expect(
      verifyDeployment(
        { environment: staging, receiptMsMax: 100 },
        { ...context, rendering: renderingOf('staging') },
      ),
    ).rejects.toThrow('no such service');
  });
});
