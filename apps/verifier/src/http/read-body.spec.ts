import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BodyBudget, readJsonBody, type BodyResult } from './read-body.ts';

const results: BodyResult[] = [];
const clock = { nowMs: () => 7 };
const budget = new BodyBudget(100);
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    void readJsonBody(request, { maxBytes: 80 }, { clock, budget }).then((result) => {
      results.push(result);
      response.end(result.kind === 'refused' ? result.problem.code : result.kind);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

const open = () => {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  return httpRequest({ port, host: '127.0.0.1', method: 'POST', headers });
};
const answerOf = async (request: ReturnType<typeof open>) => {
  const [response] = await once(request, 'response');
  let text = '';
  for await (const part of response) text += String(part);
  return text;
};

describe('readJsonBody', () => {
  it('hands over the bytes as they came, with the time of the last one', async () => {
    const request = open();
    request.write('{"a":');
    request.end('\xff}', 'latin1');
    expect(await answerOf(request)).toBe('read');
    const result = results.at(-1)!;
    if (result.kind !== 'read') throw new Error(result.kind);
    expect(Buffer.from(result.bytes).toString('latin1')).toBe('{"a":\xff}');
    expect(result.arrivedAtMs).toBe(7);
  });

  it('refuses what does not fit beside the bodies being read, and takes it when they are done', async () => {
    const first = open();
    first.write('x'.repeat(60));
    const surplus = open();
    while (budget.take(60)) {
      budget.give(60);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    surplus.end('y'.repeat(60));
    expect(await answerOf(surplus)).toBe('overloaded');
    first.end();
    expect(await answerOf(first)).toBe('read');
    const again = open();
    again.end('y'.repeat(60));
    expect(await answerOf(again)).toBe('read');
  });

  it('gives the room back when a client leaves or sends too much', async () => {
    const gone = open();
    gone.on('error', () => undefined);
    gone.write('x'.repeat(60));
    const before = results.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    gone.destroy();
    while (results.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(results.at(-1)!.kind).toBe('gone');
    const long = open();
    long.end('x'.repeat(81));
    expect(await answerOf(long)).toBe('body_too_large');
    expect(budget.take(100)).toBe(true);
    budget.give(100);
  });
});
