import { afterEach, describe, expect, it } from '@jest/globals';
import { TestNetwork } from '../src/network.ts';
import { freePort } from '../src/service-process.ts';

let network: TestNetwork | undefined;
afterEach(async () => {
  await network?.close();
  network = undefined;
});

async function startNetwork(env: Record<string, string>) {
  const port = await freePort();
  network = await TestNetwork.start({ METRICS_PORT: String(port), ...env });
  const { baseUrl, verifier } = network;
  const statusOf = async (url: string) => {
    const response = await fetch(url);
    await response.text();
    return response.status;
  };
  return { at: `http://127.0.0.1:${port}`, baseUrl, verifier, statusOf };
}

describe('METRICS_PORT of a running verifier', () => {
  it('has the metrics, and nothing of the work; PORT has them no more', async () => {
    const { at, baseUrl, statusOf } = await startNetwork({});
    const answer = await fetch(`${at}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toContain('\ntops_verifier_receipts_total{');
    const here = ['/health', '/ready', '/status', '/v1/epoch', '/openapi.json', '/', '/metrics/'];
    const found = await Promise.all(here.map((path) => statusOf(at + path)));
    expect(found).toEqual([200, 200, 404, 404, 404, 404, 200]);
    const there = ['/metrics', '/metrics/', '/health', '/ready', '/v1/epoch'];
    const open = await Promise.all(there.map((path) => statusOf(baseUrl + path)));
    expect(open).toEqual([404, 404, 200, 200, 200]);
  });

  it('answers probes alone with METRICS_ENABLED=0', async () => {
    const { at, baseUrl, statusOf } = await startNetwork({ METRICS_ENABLED: '0' });
    const urls = [`${at}/metrics`, `${baseUrl}/metrics`, `${at}/health`, `${at}/ready`];
    expect(await Promise.all(urls.map(statusOf))).toEqual([404, 404, 200, 200]);
  });

  it('is closed on SIGTERM like the others', async () => {
    const { at, verifier } = await startNetwork({});
    expect((await fetch(`${at}/health`)).status).toBe(200);
    expect(await verifier.stop()).toMatchObject({ code: 0 });
    await expect(fetch(`${at}/health`)).rejects.toThrow();
  });
});
