import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface HttpServerOptions {
  /** 0 takes a free port; read it from the result. */
  readonly port: number;
  /** Every interface by default. */
  readonly host?: string;
  /** From the first byte of a request to the last one of its body. */
  readonly requestTimeoutMs: number;
  /** From the first byte of a request, or the connection, to the end of its headers; not above requestTimeoutMs. */
  readonly headersTimeoutMs: number;
  /** How long an idle connection is kept for a next request. */
  readonly keepAliveTimeoutMs: number;
  /** Open sockets at most; surplus ones are closed at once. 2048 by default. */
  readonly maxConnections?: number;
  /** Requests one connection may carry before it is closed, so that load spreads out again. 10 000 by default. */
  readonly maxRequestsPerSocket?: number;
  /** A socket on which nothing moved for so long is closed: readers that never read. 120 000 by default. */
  readonly socketIdleTimeoutMs?: number;
  /** false leaves HTTP/1.1 requests without Host to the app, which must refuse them; by default Node does, without a body. */
  readonly requireHostHeader?: boolean;
}

export interface HttpServer {
  readonly port: number;
  readonly server: Server;
  /**
   * Stops listening, closes idle connections, lets requests in flight finish and closes whatever is left at the deadline.
   * Resolves when every socket is closed; further calls return the first one's promise.
   */
  close(deadlineMs: number): Promise<void>;
}

/** Why a server did not start: `code` is the system's (EADDRINUSE, EACCES …). */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;
  constructor(message: string, options: { readonly code: string; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/**
 * An HTTP/1.1 server with a bound on everything a client can stretch: headers, body, idle time, connections.
 *
 * @throws ListenError when the port cannot be had; RangeError when headersTimeoutMs exceeds requestTimeoutMs.
 */
export async function startHttpServer(
  app: RequestListener,
  options: HttpServerOptions,
): Promise<HttpServer> {
  const { requestTimeoutMs, headersTimeoutMs, keepAliveTimeoutMs } = options;
  if (headersTimeoutMs > requestTimeoutMs)
    throw new RangeError(`headersTimeoutMs ${headersTimeoutMs} is above ${requestTimeoutMs}`);
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      // Node looks for expired requests only this often; its default of 30 s would be the real timeout.
      connectionsCheckingInterval: Math.max(50, Math.min(1000, Math.floor(headersTimeoutMs / 4))),
      maxHeaderSize: 16 * 1024,
      requireHostHeader: options.requireHostHeader ?? true,
    },
    app,
  );
  server.maxConnections = options.maxConnections ?? 2048;
  limitRequestsPerSocket(server, options.maxRequestsPerSocket ?? 10_000);
  server.timeout = options.socketIdleTimeoutMs ?? 120_000;
  const drain = prepareDrain(server);
  await listen(server, options);
  let closing: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    server,
    close: (deadlineMs) => (closing ??= drain(deadlineMs)),
  };
}

function listen(server: Server, options: { port: number; host?: string }): Promise<void> {
  const { port, host } = options;
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const code = cause.code ?? 'unknown';
      const reason = code === 'EADDRINUSE' ? 'is taken by another process' : `failed with ${code}`;
      reject(new ListenError(`listening on port ${port} ${reason}`, { code, cause }));
    };
    server.once('error', refuse);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function limitRequestsPerSocket(server: Server, maxRequests: number): void {
  // Node's own limit announces `Connection: close` and then waits for the client to act on it; ours closes.
  server.maxRequestsPerSocket = maxRequests;
  const requestCounts = new WeakMap<Socket, number>();
  server.prependListener('request', (request, response) => {
    const count = (requestCounts.get(request.socket) ?? 0) + 1;
    requestCounts.set(request.socket, count);
    if (count >= maxRequests) response.setHeader('Connection', 'close');
  });
}

function prepareDrain(server: Server): (deadlineMs: number) => Promise<void> {
  const sockets = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  let isClosing = false;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.prependListener('request', (_request, response) => {
    responses.add(response);
    if (isClosing) response.setHeader('Connection', 'close');
    response.once('close', () => {
      responses.delete(response);
      // An answer whose headers were out before the drain began leaves its connection open.
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
  });
  return (deadlineMs) =>
    new Promise((resolve) => {
      isClosing = true;
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      server.close(() => {
        clearTimeout(deadline);
        resolve();
      });
      for (const response of responses)
        if (!response.headersSent) response.setHeader('Connection', 'close');
      server.closeIdleConnections();
      // Node counts a connection that never sent a byte as busy until its headers time out.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    });
}
