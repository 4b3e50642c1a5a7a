import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SharedBudget } from '../shared-budget.ts';
import { readJsonBody, type BodyResult } from './read-body.ts';

const results: BodyResult[] = [];
const clock = { nowMs: () => 7 };
const budget = new SharedBudget({ max: 100, maxPerAddress: 80 });
const nobody = 'nobody';
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    const address = String(request.headers['x-address']);
    void readJsonBody(request, { maxBytes: 80, address }, { clock, budget }).then((result) => {
      results.push(result);
      response.end(result.kind === 'refused' ? result.problem.code : result.kind);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const open = (address = 'a') => {
  const headers = {
    'content-type': 'application/json',
    'transfer-encoding': 'chunked',
    'x-address': address,
  };
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
    const first = open('a');
    first.write('x'.repeat(60));
    const surplus = open('b');
    while (budget.take(nobody, 60)) {
      budget.give(nobody, 60);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    surplus.end('y'.repeat(60));
    expect(await answerOf(surplus)).toBe('overloaded');
    first.end();
    expect(await answerOf(first)).toBe('read');
    const again = open('b');
    again.end('y'.repeat(60));
    expect(await answerOf(again)).toBe('read');
  });

  it('leaves room for other addresses, whatever one holds', async () => {
    const holding = open('a');
    holding.write('x'.repeat(60));
    while (budget.take(nobody, 60)) {
      budget.give(nobody, 60);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const [more, other] = [open('a'), open('b')];
    more.end('x'.repeat(30));
    expect(await answerOf(more)).toBe('overloaded');
    other.end('x'.repeat(30));
    expect(await answerOf(other)).toBe('read');
    holding.end();
    expect(await answerOf(holding)).toBe('read');
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
    expect(budget.take('a', 80) && budget.take('b', 20)).toBe(true);
    budget.give('a', 80);
    budget.give('b', 20);
  });
});
