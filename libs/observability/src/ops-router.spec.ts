import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import {
  createMetrics,
  createOpsRouter,
  Readiness,
  startHttpServer,
  type HttpServer,
  type OpsRouterOptions,
} from './index.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

async function serve(options: Partial<OpsRouterOptions> = {}) {
  const readiness = new Readiness(['kernel']);
  const app = express();
  app.use(createOpsRouter({ readiness, ...options }));
  const server = await startHttpServer(app, {
    port: 0,
    host: '127.0.0.1',
    requestTimeoutMs: 5000,
    headersTimeoutMs: 5000,
    keepAliveTimeoutMs: 5000,
  });
  servers.push(server);
  return { readiness, url: `http://127.0.0.1:${server.port}` };
}

describe('createOpsRouter', () => {
  it('is healthy while it answers, and ready once every check holds', async () => {
    const { readiness, url } = await serve();
    const health = await fetch(`${url}/health`);
    expect([health.status, await health.json()]).toEqual([
      200,
      { status: 'ok', uptime_seconds: expect.any(Number) },
    ]);
    const before = await fetch(`${url}/ready`);
    expect([before.status, await before.json()]).toEqual([
      503,
      { ready: false, checks: { kernel: { ok: false, reason: 'not checked yet' } } },
    ]);
    readiness.set('kernel', true);
    const after = await fetch(`${url}/ready`);
    expect([after.status, await after.json()]).toEqual([
      200,
      { ready: true, checks: { kernel: { ok: true } } },
    ]);
    expect(after.headers.get('cache-control')).toBe('no-store');
  });

  it('serves /status and /metrics when it has them, else 404', async () => {
    const { registry } = createMetrics();
    const full = await serve({ registry, status: () => ({ attempts: 3 }) });
    expect(await (await fetch(`${full.url}/status`)).json()).toEqual({ attempts: 3 });
    const metrics = await fetch(`${full.url}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await metrics.text()).toContain('process_cpu_seconds_total');
    const bare = await serve();
    for (const path of ['/status', '/metrics']) {
      const response = await fetch(`${bare.url}${path}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('answers HEAD, refuses other methods with Allow, and leaves other paths alone', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200);
    const post = await fetch(`${url}/health`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await post.json()).toMatchObject({ code: 'method_not_allowed', status: 405 });
    expect((await fetch(`${url}/other`)).headers.get('content-type')).toContain('text/html');
  });
});

describe('Readiness', () => {
  it('is not ready before anything reported', () => {
    const readiness = new Readiness();
    expect(readiness.report()).toEqual({ ready: false, checks: {} });
    readiness.set('b', true);
    readiness.set('a', false, 'down');
    expect(readiness.report().ready).toBe(false);
    expect(Object.keys(readiness.report().checks)).toEqual(['a', 'b']);
  });
});
