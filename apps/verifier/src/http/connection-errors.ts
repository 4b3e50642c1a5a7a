import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { VerifierMetrics } from '../metrics.ts';

interface ConnectionProblem {
  readonly status: number;
  readonly reason: string;
  readonly code: string;
  readonly title: string;
}

const malformed: ConnectionProblem = {
  status: 400,
  reason: 'Bad Request',
  code: 'request_malformed',
  title: 'Malformed HTTP request',
};
const problems: Readonly<Record<string, ConnectionProblem>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    code: 'headers_too_large',
    title: 'Headers too large',
  },
  HPE_INVALID_EOF_STATE: {
    status: 400,
    reason: 'Bad Request',
    code: 'body_incomplete',
    title: 'Incomplete body',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    code: 'request_timeout',
    title: 'Request took too long',
  },
};

/** How long a refused connection may take to read its answer. */
const LINGER_MS = 1000;

/** Answers what never became a request (not HTTP, too slow, cut off) with a problem document, and closes. */
export function answerConnectionErrors(server: Server, deps: { metrics: VerifierMetrics }): void {
  const responses = new WeakMap<object, ServerResponse>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    responses.set(request.socket, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    deps.metrics.errors.inc({ kind: 'connection' });
    const response = responses.get(socket);
    const isAnswering = response !== undefined && response.headersSent && !response.writableEnded;
    if (!socket.writable || isAnswering || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    socket.end(rawAnswer(problems[error.code ?? ''] ?? malformed));
    // Reading on lets the answer through: closing over unread bytes would reset the connection under it.
    socket.resume();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}

function rawAnswer(problem: ConnectionProblem): string {
  const { status, reason, code, title } = problem;
  const body = JSON.stringify({ type: `urn:tops-worker:error:${code}`, title, status, code });
  return [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
