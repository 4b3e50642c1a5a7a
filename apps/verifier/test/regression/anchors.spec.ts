import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAnchor, verifyHead } from '@tops/audit';
import { sealEpoch, settleFollowers } from '../audited-history.ts';
import { TestVerifier } from '../test-verifier.ts';

let directory: string;
let test: TestVerifier | undefined;
let hook: Hook | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tops-anchors-'));
});
afterEach(async () => {
  await test?.close();
  hook?.close();
  [test, hook] = [undefined, undefined];
  await rm(directory, { recursive: true, force: true });
});

const file = () => join(directory, 'heads.jsonl');
const lines = async () => (await readFile(file(), 'utf8')).split('\n').slice(0, -1);

/** Seals the current epoch of the verifier; returns its id. */
async function sealNext(verifier: TestVerifier): Promise<number> {
  const { epoch_id, closes_at } = await verifier.epoch();
  await sealEpoch(verifier, closes_at);
  return epoch_id;
}

async function idsInFile(): Promise<number[]> {
  return (await lines()).map((line) => {
    const head = parseAnchor(line);
    if (head === undefined || !verifyHead(head)) throw new Error(`not an anchor: ${line}`);
    return head.epoch_id;
  });
}

describe('HEAD_ANCHOR_FILE', () => {
  const start = async () => (test = await TestVerifier.start({ audit: { anchorFile: file() } }));

  it('has every sealed epoch once, over restarts, and the heads that are served', async () => {
    const verifier = await start();
    const ids = [await sealNext(verifier), await sealNext(verifier)];
    await verifier.restart();
    await settleFollowers(verifier);
    expect(await idsInFile()).toEqual(ids);
    ids.push(await sealNext(verifier));
    expect(await idsInFile()).toEqual(ids);
    const served = (await verifier.get(`/v1/epochs/${ids[1]}`)).body;
    expect(served).toMatchObject(parseAnchor((await lines())[1]!)!);
  });

  it('catches up with what was sealed while it was not asked for', async () => {
    const verifier = (test = await TestVerifier.start());
    const ids = [await sealNext(verifier), await sealNext(verifier)];
    const { dataDir, clock } = verifier;
    await verifier.stop();
    test = await TestVerifier.start({ audit: { anchorFile: file() }, dataDir, clock });
    await settleFollowers(test);
    expect(await idsInFile()).toEqual(ids);
  });

  it('cuts off a line that was not finished, and goes on', async () => {
    const verifier = await start();
    const ids = [await sealNext(verifier), await sealNext(verifier)];
    await verifier.stop();
    const { length } = await readFile(file());
    await truncate(file(), length - 20);
    const { dataDir, clock } = verifier;
    test = await TestVerifier.start({ audit: { anchorFile: file() }, dataDir, clock });
    await settleFollowers(test);
    expect(await idsInFile()).toEqual(ids);
  });

  it('touches no file that is something else, and seals on', async () => {
    await writeFile(file(), 'my notes\n');
    const verifier = await start();
    const id = await sealNext(verifier);
    expect((await verifier.get(`/v1/epochs/${id}`)).body.sealed).toBe(true);
    expect(await readFile(file(), 'utf8')).toBe('my notes\n');
    expect(await verifier.metrics()).toMatch(/head_anchor_failures_total\{target="file"\} [1-9]/);
    await writeFile(file(), '');
    await verifier.verifier.epochs.tick();
    await settleFollowers(verifier);
    expect(await idsInFile()).toEqual([id]);
  });
});

/** A receiver of heads that answers as it is told. */
class Hook {
  readonly bodies: string[] = [];
  answer: (call: number) => number = () => 204;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Hook> {
    const server = createServer();
    const started = new Hook(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        started.bodies.push(body);
        const status = started.answer(started.bodies.length);
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/heads`;
  }

  get ids(): number[] {
    return this.bodies.map((body) => parseAnchor(body)!.epoch_id);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe('HEAD_ANCHOR_URL', () => {
  const start = async () => {
    hook = await Hook.start();
    test = await TestVerifier.start({ audit: { anchorUrl: hook.url } });
    return { verifier: test, receiver: hook };
  };

  it('is posted every head once, signed', async () => {
    const { verifier, receiver } = await start();
    const ids = [await sealNext(verifier), await sealNext(verifier)];
    expect(receiver.ids).toEqual(ids);
    expect(verifyHead(parseAnchor(receiver.bodies[0]!)!)).toBe(true);
    expect(await verifier.metrics()).toContain('head_anchors_total{target="url"} 2');
  });

  it('is tried three times a head, not redirected, and never holds up sealing', async () => {
    const { verifier, receiver } = await start();
    receiver.answer = (call) => (call < 3 ? 500 : 204);
    const first = await sealNext(verifier);
    expect(receiver.ids).toEqual([first, first, first]);
    receiver.answer = () => 302;
    const { epoch_id, closes_at } = await verifier.epoch();
    verifier.clock.set(closes_at + 15_000);
    await verifier.verifier.epochs.tick();
    // Sealed while the hook still refuses.
    expect((await verifier.get(`/v1/epochs/${epoch_id}`)).body.sealed).toBe(true);
    await settleFollowers(verifier);
    expect(receiver.ids.slice(3)).toEqual([epoch_id, epoch_id, epoch_id]);
    expect(await verifier.metrics()).toContain('head_anchor_failures_total{target="url"} 1');
    expect(verifier.logLines.join('')).not.toContain('/heads');
    receiver.answer = () => 204;
    const third = await sealNext(verifier);
    expect(receiver.ids.at(-1)).toBe(third);
  }, 30_000);

  it('ends at once with the verifier, also while it waits', async () => {
    const { verifier, receiver } = await start();
    receiver.answer = () => 500;
    const { closes_at } = await verifier.epoch();
    verifier.clock.set(closes_at + 15_000);
    await verifier.verifier.epochs.tick();
    const startedAt = performance.now();
    await verifier.verifier.epochs.stop();
    // The wait between the second and the third attempt alone is longer.
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect(receiver.bodies.length).toBeLessThan(3);
  });
});
