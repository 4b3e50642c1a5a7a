import { afterEach, describe, expect, it } from '@jest/globals';
import {
  fakeEpoch,
  fakeWorker,
  startFakeVerifier,
  type FakeVerifier,
} from '../../test/fake-verifier.ts';
import { runInMemory } from '../../test/run-in-memory.ts';

const servers: FakeVerifier[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const healthy = {
  '/ready': { body: {} },
  '/v1/epoch': { body: fakeEpoch },
  '/v1/workers': { body: { workers: [fakeWorker], next_cursor: 'more' } },
};

async function serve(answers: Parameters<typeof startFakeVerifier>[0]): Promise<string> {
  const server = await startFakeVerifier(answers);
  servers.push(server);
  return server.url;
}

describe('tops status', () => {
  it('shows epoch, readiness and workers, from --url and from AGGREGATOR_URL', async () => {
    const url = await serve(healthy);
    const text = await runInMemory(['status', '--url', `${url}/`]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/state +ready/);
    expect(text.stdout).toMatch(/epoch +29000000/);
    expect(text.stdout).toMatch(/workers +1 \(more on the verifier\)/);
    expect(text.stdout).toContain(`rack-1 ${fakeWorker.did}`);
    expect(text.stdout).toContain('9223372036854775808000');
    const json = await runInMemory(['status', '--json'], { env: { AGGREGATOR_URL: url } });
    expect(JSON.parse(json.stdout)).toMatchObject({
      url,
      ready: true,
      epoch: { epoch_id: 29_000_000 },
      workers: [{ label: 'rack-1', credited_ops: '9223372036854775808000' }],
      has_more: true,
    });
  });

  it('shows a verifier that is up and not ready', async () => {
    const url = await serve({ ...healthy, '/ready': { status: 503, body: {} } });
    const result = await runInMemory(['status', '--url', url]);
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/state +not ready/);
  });

  it('exits 1 when nothing answers, or something else than a verifier does', async () => {
    const url = await serve({ '/ready': { body: {} } });
    const foreign = await runInMemory(['status', '--url', url]);
    expect(foreign).toMatchObject({ code: 1, stdout: '' });
    await servers.splice(0)[0]!.close();
    const closed = await runInMemory(['status', '--url', url, '--json']);
    expect(closed.code).toBe(1);
    expect(JSON.parse(closed.stdout)).toMatchObject({ ready: false, error: expect.any(String) });
  });
});
