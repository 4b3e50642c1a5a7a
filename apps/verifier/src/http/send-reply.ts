import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errorStatus, problemDocument } from '@tops/protocol';
import type { VerifierMetrics } from '../metrics.ts';
import { refuseWith, type Refusal } from '../refusal.ts';
import type { Reply } from './route.ts';

/** Writes a reply; API answers are never cached. Does nothing once an answer has begun. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  metrics: VerifierMetrics,
): Promise<void> {
  if (response.headersSent || response.destroyed) {
    if (reply.kind === 'stream') reply.release();
    return;
  }
  response.setHeader('Cache-Control', 'no-store');
  switch (reply.kind) {
    case 'json':
      sendText(response, reply.status, 'application/json', JSON.stringify(reply.body));
      return;
    case 'refused':
      sendRefusal(response, reply, metrics);
      return;
    case 'stream':
      try {
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

function sendRefusal(response: ServerResponse, refusal: Refusal, metrics: VerifierMetrics): void {
  const { problem, retryAfterMs } = refusal;
  metrics.problems.inc({ code: problem.code });
  if (retryAfterMs !== undefined) {
    response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  }
  const body = JSON.stringify(problemDocument(problem));
  sendText(response, errorStatus[problem.code], 'application/problem+json', body);
}

function sendText(response: ServerResponse, status: number, contentType: string, text: string) {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
