import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorStatus, problemDocument } from '@tops/protocol';
import type { VerifierMetrics } from '../metrics.ts';
import { refuseWith, type Refusal } from '../refusal.ts';
import type { Reply } from './route.ts';

/** Names and values in turn, as ServerResponse.writeHead takes them. */
export type FlatHeaders = readonly string[];

/**
 * Writes a reply; API answers are never cached. Does nothing once an answer has begun.
 *
 * @param headers - further ones, set together with the reply's own: a tenth of the time that one call for each takes.
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  metrics: VerifierMetrics,
  headers: FlatHeaders = [],
): Promise<void> {
  if (response.headersSent || response.destroyed) {
    if (reply.kind === 'stream') reply.release();
    return;
  }
  switch (reply.kind) {
    case 'json': {
      const { status, body } = reply;
      const text = JSON.stringify(body);
      response.writeHead(status, [...headers, ...textHeaders('application/json', text)]);
      response.end(text);
      return;
    }
    case 'refused':
      sendRefusal(response, reply, metrics, headers);
      return;
    case 'stream':
      try {
        response.setHeader('Cache-Control', 'no-store');
        await sendStream(response, reply);
      } finally {
        reply.release();
      }
  }
}

async function sendStream(
  response: ServerResponse,
  reply: Extract<Reply, { kind: 'stream' }>,
): Promise<void> {
  response.statusCode = 200;
  response.setHeader('Content-Type', reply.contentType);
  response.setHeader('Content-Disposition', `attachment; filename="${reply.fileName}"`);
  // HEAD: the export is not read from the ledger only to be thrown away.
  if (response.req.method === 'HEAD') response.end();
  else await stream(reply.chunks, response);
}

async function stream(chunks: AsyncIterable<string>, response: ServerResponse): Promise<void> {
  try {
    await pipeline(Readable.from(chunks), response);
  } catch (error) {
    // The reader left before the end: no fault of ours.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** 405 with the Allow header that RFC 9110 §15.5.6 asks for. */
export function refuseMethod(
  response: ServerResponse,
  method: { readonly allow: string; readonly got: string },
  metrics: VerifierMetrics,
): Promise<void> {
  response.setHeader('Allow', method.allow);
  const detail = `expected ${method.allow}, got ${method.got}`;
  return sendReply(response, refuseWith('method_not_allowed', detail), metrics);
}

function sendRefusal(
  response: ServerResponse,
  refusal: Refusal,
  metrics: VerifierMetrics,
  securityHeaders: FlatHeaders,
): void {
  metrics.problems.inc({ code: refusal.problem.code });
  const { status, headers, text } = refusalText(refusal);
  response.writeHead(status, [...securityHeaders, ...headers]);
  response.end(text);
}

/** A refusal as it goes over the wire. */
export function refusalText({ problem, retryAfterMs }: Refusal): {
  readonly status: number;
  readonly headers: FlatHeaders;
  readonly text: string;
} {
  const retryAfter =
    retryAfterMs === undefined
      ? []
      : ['Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))];
  const text = JSON.stringify(problemDocument(problem));
  const headers = [...retryAfter, ...textHeaders('application/problem+json', text)];
  return { status: errorStatus[problem.code], headers, text };
}

function textHeaders(contentType: string, text: string): FlatHeaders {
  return [
    ...['Cache-Control', 'no-store', 'Content-Type', contentType],
    ...['Content-Length', String(Buffer.byteLength(text))],
  ];
}
