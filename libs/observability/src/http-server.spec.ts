import { once } from 'node:events';
import { request, Agent, type RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startHttpServer, type HttpServer, type HttpServerOptions } from './index.ts';

const servers: HttpServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close(0);
});

async function serve(app: RequestListener, options: Partial<HttpServerOptions> = {}) {
  const server = await startHttpServer(app, {
    port: 0,
    host: '127.0.0.1',
    requestTimeoutMs: 20_000,
    headersTimeoutMs: 20_000,
    keepAliveTimeoutMs: 20_000,
    ...options,
  });
  servers.push(server);
  return server;
}

/** A raw client: what it got so far, and when the server hung up. */
function rawClient(port: number, text: string) {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(text);
  const closed = once(socket, 'close').then(() => received);
  return { socket, closed, received: () => received };
}

const hello: RequestListener = (_request, response) => response.end('hello');
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('startHttpServer', () => {
  it('closes a client that drips its headers, while an ordinary one is served', async () => {
    const { port } = await serve(hello, { headersTimeoutMs: 200 });
    const slow = rawClient(port, 'GET / HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => slow.socket.write('X-A: b\r\n'), 20);
    const answer = await slow.closed;
    clearInterval(drip);
    expect(answer).toContain('408');
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello');
  });

  it('closes a client whose body never ends', async () => {
    const { port } = await serve(() => undefined, { requestTimeoutMs: 250, headersTimeoutMs: 200 });
    const slow = rawClient(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
    expect(await slow.closed).toContain('408');
  });

  it('closes a connection that sends nothing and one that stays idle after a request', async () => {
    const { port } = await serve(hello, { headersTimeoutMs: 200, keepAliveTimeoutMs: 50 });
    await rawClient(port, '').closed;
    expect(await rawClient(port, get).closed).toContain('hello');
  });

  it('ends a connection after its last allowed request', async () => {
    const { port } = await serve(hello, { maxRequestsPerSocket: 2 });
    const client = rawClient(port, get);
    await once(client.socket, 'data');
    expect(client.received()).toContain('Connection: keep-alive');
    client.socket.write(get);
    const answer = await client.closed;
    expect(answer.match(/hello/g)).toHaveLength(2);
    expect(answer).toContain('Connection: close');
  });

  it('refuses connections beyond its bound', async () => {
    const { port } = await serve(() => undefined, { maxConnections: 1 });
    const first = rawClient(port, get);
    await once(first.socket, 'connect');
    expect(await rawClient(port, get).closed).toBe('');
    expect(first.socket.destroyed).toBe(false);
  });

  it('answers 400 to a request without Host, unless the app does so itself', async () => {
    const hostless = 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n';
    const { port } = await serve(hello);
    expect(await rawClient(port, hostless).closed).toMatch(/^HTTP\/1\.1 400 /);
    const lenient = await serve(hello, { requireHostHeader: false });
    expect(await rawClient(lenient.port, hostless).closed).toContain('hello');
  });

  it('says who has the port, and refuses timeouts that contradict each other', async () => {
    const { port } = await serve(hello);
    await expect(serve(hello, { port })).rejects.toMatchObject({
      name: 'ListenError',
      code: 'EADDRINUSE',
      message: expect.stringContaining(`port ${port} is taken`),
    });
    const contradiction = { requestTimeoutMs: 10, headersTimeoutMs: 20 };
    await expect(serve(hello, contradiction)).rejects.toThrow(RangeError);
  });
});

describe('close', () => {
  it('finishes the request in flight, closes idle and silent connections, and takes no new ones', async () => {
    let finish: (() => void) | undefined;
    const server = await serve((incoming, response) => {
      if (incoming.url === '/idle') return void response.end('idle');
      finish = () => response.end('done');
    });
    const idle = rawClient(server.port, 'GET /idle HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(idle.socket, 'data');
    const silent = rawClient(server.port, '');
    await once(silent.socket, 'connect');
    const busy = rawClient(server.port, get);
    while (finish === undefined) await new Promise((resolve) => setImmediate(resolve));
    const closing = server.close(10_000);
    expect(await idle.closed).toContain('idle');
    expect(await silent.closed).toBe('');
    const late = connect(server.port, '127.0.0.1');
    const [refusal] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(refusal.code).toBe('ECONNREFUSED');
    expect(busy.received()).toBe('');
    finish();
    const answer = await busy.closed;
    expect(answer).toContain('done');
    expect(answer).toContain('Connection: close');
    await closing;
    expect(server.close(1)).toBe(server.close(2));
  });

  it('does not wait for the keep-alive of an answer that began before the drain', async () => {
    let finish: (() => void) | undefined;
    const server = await serve((_incoming, response) => {
      response.write('first,');
      finish = () => response.end('last');
    });
    const agent = new Agent({ keepAlive: true });
    const client = request({ port: server.port, host: '127.0.0.1', agent }).end();
    const [response] = await once(client, 'response');
    const closing = server.close(10_000);
    finish!();
    let body = '';
    for await (const chunk of response) body += String(chunk);
    expect(body).toBe('first,last');
    await closing;
    agent.destroy();
  });

  it('cuts what is still running at the deadline', async () => {
    const server = await serve(() => undefined);
    const stuck = rawClient(server.port, get);
    await once(server.server, 'request');
    await server.close(50);
    expect(await stuck.closed).toBe('');
  });
});
