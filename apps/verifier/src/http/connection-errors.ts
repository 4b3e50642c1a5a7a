import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorStatus, problemDocument, type Problem } from '@tops/protocol';
import type { VerifierMetrics } from '../metrics.ts';

const malformed: Problem = {
  code: 'request_malformed',
  detail: 'expected an HTTP/1.1 request, got other bytes',
};
const problems: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'headers_too_large',
    detail: 'expected at most 16 KiB of headers, got more',
  },
  HPE_INVALID_EOF_STATE: {
    code: 'body_incomplete',
    detail: 'expected the whole request, got the end of the connection',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'request_timeout',
    detail: 'expected the whole request in time, got a part of it',
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
  // RFC 9110 §10.1.1: an expectation other than 100-continue may be ignored. Node would answer 417 without a problem.
  server.on('checkExpectation', (request, response) => {
    server.emit('request', request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    deps.metrics.errors.inc({ kind: 'connection' });
    const response = responses.get(socket);
    const isAnswering = response !== undefined && response.headersSent && !response.writableEnded;
    if (!socket.writable || isAnswering || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const problem = problems[error.code ?? ''] ?? malformed;
    deps.metrics.problems.inc({ code: problem.code });
    // Express never finishes an answer here, so nothing else counts it.
    deps.metrics.requests.inc({ status: String(errorStatus[problem.code]) as 'other' });
    socket.end(rawAnswer(problem));
    // Reading on lets the answer through: closing over unread bytes would reset the connection under it.
    socket.resume();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  });
}

function rawAnswer(problem: Problem): string {
  const status = errorStatus[problem.code];
  const body = JSON.stringify(problemDocument(problem));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
