import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ApiClient, HttpError } from './api-client.ts';

type Answer = (path: string) => Response | Promise<Response>;

function clientFor(answer: Answer, nowMs = 0): { client: ApiClient; paths: string[] } {
  const paths: string[] = [];
  const client = new ApiClient({
    nowMs: () => nowMs,
    fetch: async (input, init) => {
      const path = String(input);
      paths.push(path);
      const { signal } = init as { signal: AbortSignal };
      return await Promise.race([
        Promise.resolve(answer(path)),
        new Promise<Response>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason);
          });
        }),
      ]);
    },
  });
  return { client, paths };
}

const json = (value: unknown, init?: ResponseInit): Response =>
  new Response(JSON.stringify(value), init);
const never = new AbortController().signal;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('ApiClient', () => {
  it('follows cursors to the end', async () => {
    const { client, paths } = clientFor((path) =>
      path.includes('cursor=')
        ? json({ workers: [{ did: 'did:key:z2' }] })
        : json({ workers: [{ did: 'did:key:z1' }], next_cursor: 'a/b' }),
    );
    const list = await client.workers(never);
    expect(list.workers.map(({ did }) => did)).toEqual(['did:key:z1', 'did:key:z2']);
    expect(list.complete).toBe(true);
    expect(paths).toEqual(['/v1/workers?limit=200', '/v1/workers?limit=200&cursor=a%2Fb']);
  });

  it('stops after five pages, and at a cursor that repeats', async () => {
    let page = 0;
    const endless = clientFor(() => json({ workers: [], next_cursor: `page ${++page}` }));
    expect(await endless.client.workers(never)).toEqual({ workers: [], complete: false });
    expect(endless.paths).toHaveLength(5);
    const stuck = clientFor(() => json({ workers: [], next_cursor: 'same' }));
    await stuck.client.workers(never);
    expect(stuck.paths).toHaveLength(2);
  });

  it('escapes what goes into a path', async () => {
    const { client, paths } = clientFor(() => json({}));
    await client.worker('did:key:z/../../metrics?x#y', never);
    expect(paths).toEqual(['/v1/workers/did%3Akey%3Az%2F..%2F..%2Fmetrics%3Fx%23y']);
  });

  it('gives the status of an error answer', async () => {
    const { client } = clientFor(() => json({ code: 'worker_unknown' }, { status: 404 }));
    await expect(client.worker('did:key:z', never)).rejects.toEqual(new HttpError(404, 'HTTP 404'));
  });

  it('gives up after 8 s, and at once when its caller does', async () => {
    const silent = (): Promise<Response> => new Promise(() => undefined);
    const slow = clientFor(silent).client.epochNow(never);
    const rejected = expect(slow).rejects.toThrow('no answer within 8 s');
    await jest.advanceTimersByTimeAsync(8000);
    await rejected;

    const controller = new AbortController();
    const left = clientFor(silent).client.epochNow(controller.signal);
    controller.abort(new Error('left the page'));
    await expect(left).rejects.toThrow('left the page');
  });

  it('follows the verifier’s clock when it differs by more than the header’s second', async () => {
    const date = (ms: number): ResponseInit => ({ headers: { date: new Date(ms).toUTCString() } });
    const far = clientFor(() => json({}, date(3_600_000))).client;
    await far.epochNow(never);
    expect(far.clockOffsetMs).toBe(3_600_000);
    const near = clientFor(() => json({}, date(1000))).client;
    await near.epochNow(never);
    expect(near.clockOffsetMs).toBe(0);
  });
});
