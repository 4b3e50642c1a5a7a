import { afterEach, describe, expect, it } from '@jest/globals';
import { createReferenceKernel } from '@tops/kernel-cpu';
import type { Attempt } from '@tops/kernel-spec';
import { sendRaw } from '../raw-http.ts';
import { TestVerifier, type TestVerifierOptions } from '../test-verifier.ts';
import { TestWorker } from '../test-worker.ts';

const inFlight = {
  receipts: { max: 3, maxPerAddress: 2 },
  proofs: { max: 8, maxPerAddress: 6 },
  proofBacklog: { max: 4, maxPerAddress: 2 },
};
const reference = createReferenceKernel();
let test: TestVerifier;

afterEach(() => test.close());

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** A verifier whose kernel waits for the test, and counts the items of each of its calls. */
async function startHeld(options: TestVerifierOptions = {}) {
  const { open, opened } = gate();
  const batches: number[] = [];
  const kernel = {
    computeLeaves: (attempt: Attempt, rows: readonly number[]) =>
      reference.computeLeaves(attempt, rows),
    async computeLeavesBatch(items: readonly { attempt: Attempt; rows: readonly number[] }[]) {
      batches.push(items.length);
      await opened;
      return Promise.all(items.map(({ attempt, rows }) => reference.computeLeaves(attempt, rows)));
    },
  };
  test = await TestVerifier.start({
    http: { trustProxyHops: 1 },
    limits: { max_open_challenges_new_key: 32 },
    ...{ inFlight, kernel },
    ...options,
  });
  return { open, batches };
}

const from = (address: string) => ({ 'x-forwarded-for': address });
const here = from('192.0.2.1');
const elsewhere = from('192.0.2.2');

async function untilVerifying(count: number): Promise<void> {
  const text = `tops_verifier_verifications_in_flight ${count}\n`;
  while (!(await test.metrics()).includes(text)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Challenges answered later: `prove` sends the proof. */
async function challenged(seed: number, count: number, headers: Record<string, string>) {
  const epoch = await test.epoch();
  const made = [];
  for (let i = 0; i < count; i++) {
    const attempt = await new TestWorker(seed + i).attempt(epoch);
    const answer = await test.post('/v1/receipts', attempt.receipt, headers);
    expect(answer.status).toBe(201);
    const path = `/v1/receipts/${answer.body.receipt_id}/proof`;
    made.push({ prove: () => test.post(path, attempt.prove(answer.body.rows), headers) });
  }
  return made;
}

describe('a verifier that is behind with proofs', () => {
  it('turns new receipts of that address away, takes its proofs and the receipts of others, and recovers', async () => {
    const { open, batches } = await startHeld();
    const made = await challenged(700, 4, here);
    const late = await new TestWorker(790).attempt(await test.epoch());
    const first = made.slice(0, 2).map(({ prove }) => prove());
    await untilVerifying(2);

    const before = await test.recorded();
    const shed = await test.post('/v1/receipts', late.receipt, here);
    expect([shed.status, shed.body.code]).toEqual([503, 'overloaded']);
    expect(shed.headers.get('retry-after')).toBe('1');
    expect(shed.headers.get('content-type')).toBe('application/problem+json');
    expect(shed.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await test.recorded()).toBe(before);
    expect((await test.get('/health')).status).toBe(200);

    const others = await challenged(720, 1, elsewhere);
    const rest = [...made.slice(2), ...others].map(({ prove }) => prove());
    await untilVerifying(5);
    // A backlog of all of them together stops the receipts of everybody.
    expect((await test.post('/v1/receipts', late.receipt, elsewhere)).status).toBe(503);

    open();
    const answers = await Promise.all([...first, ...rest]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    // One while the kernel was idle, then what had queued: four places, so never more than three behind the first.
    expect(batches.reduce((sum, count) => sum + count)).toBe(5);
    expect(Math.max(...batches)).toBeGreaterThan(1);
    expect((await test.post('/v1/receipts', late.receipt, here)).status).toBe(201);
    const metrics = await test.metrics();
    expect(metrics).toContain('tops_verifier_problems_total{code="overloaded"} 2\n');
    expect(metrics).toContain('tops_verifier_http_requests_total{status="503"} 2\n');
  });

  it('does so before it has read a byte of the body', async () => {
    const { open } = await startHeld();
    const answers = (await challenged(740, 2, here)).map(({ prove }) => prove());
    await untilVerifying(2);
    // Announced and never sent; the control below shows that it would be waited for.
    const headers = [
      'POST /v1/receipts HTTP/1.1',
      'Host: test',
      'Content-Type: application/json',
      'Content-Length: 1000',
      'Connection: close',
    ];
    const request = (address: string) =>
      [...headers, `X-Forwarded-For: ${address}`, '', ''].join('\r\n');
    expect((await sendRaw(test.port, request('192.0.2.1'))).status).toBe(503);
    const junk = await test.post('/v1/receipts', 'no JSON', here);
    expect([junk.status, junk.body.code]).toEqual([503, 'overloaded']);
    const control = await test.post('/v1/receipts', 'no JSON', elsewhere);
    expect([control.status, control.body.code]).toEqual([400, 'json_malformed']);
    open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('bounds the proofs of an address too, which may come again', async () => {
    const { open } = await startHeld({
      inFlight: { ...inFlight, proofs: { max: 8, maxPerAddress: 1 } },
    });
    const [one, other] = await challenged(760, 2, here);
    const running = one!.prove();
    await untilVerifying(1);
    const shed = await other!.prove();
    expect([shed.status, shed.body.code]).toEqual([503, 'overloaded']);
    open();
    expect((await running).status).toBe(200);
    expect((await other!.prove()).status).toBe(200);
  });
});

describe('receipts under way', () => {
  it('are bounded for one address and in all, and what did not fit is taken later', async () => {
    const { open } = await startHeld();
    open();
    const { ledger } = test;
    const standing = ledger.getStanding.bind(ledger);
    const held = gate();
    let waiting = 0;
    ledger.getStanding = async (input) => {
      waiting++;
      await held.opened;
      return standing(input);
    };
    const epoch = await test.epoch();
    const post = async (seed: number, headers: Record<string, string>) => {
      const { receipt } = await new TestWorker(seed).attempt(epoch);
      return { send: () => test.post('/v1/receipts', receipt, headers) };
    };
    const [a, b, c, d, e] = [
      await post(801, here),
      await post(802, here),
      await post(803, here),
      await post(804, elsewhere),
      await post(805, elsewhere),
    ];
    const running = [a.send(), b.send()];
    while (waiting < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await c.send()).body.code).toBe('overloaded');
    running.push(d.send());
    while (waiting < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await e.send()).body.code).toBe('overloaded');
    held.open();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await c.send()).status).toBe(201);
    expect((await e.send()).status).toBe(201);
  });
});
