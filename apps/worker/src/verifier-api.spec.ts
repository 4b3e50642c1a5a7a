import { describe, expect, it } from '@jest/globals';
import {
  NetworkError,
  type ClientResult,
  type EpochInfo,
  type ProofMessage,
  type Receipt,
} from '@tops/protocol';
import { VirtualTiming } from '../test/fake/virtual-timing.ts';
import { VerifierCircuit } from './circuit.ts';
import { Pacer } from './pacer.ts';
import { TokenBucket } from './token-bucket.ts';
import { VerifierApi, type CallFailure, type VerifierTransport } from './verifier-api.ts';
import { VerifierClock } from './verifier-clock.ts';

type Answer = ClientResult<never> | Error;
const ok = { ok: true, status: 200, value: {} } as unknown as Answer;
const refusal = (status: number, code: string, retryAfterMs?: number): Answer => ({
  ok: false,
  status,
  problem: { code, detail: code },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const receipt = {} as Receipt;
const proof = { receiptId: 'ab', proof: {} as ProofMessage };
const { signal } = new AbortController();

/** An API whose transport gives these answers one by one and then `ok`, on virtual time. */
function setUp(answers: Answer[], options: { failureCount?: number; ratePerSecond?: number } = {}) {
  const timing = new VirtualTiming();
  const sentAtMs: number[] = [];
  const failures: CallFailure[] = [];
  const next = async () => {
    sentAtMs.push(timing.monotonicMs());
    const answer = answers.shift() ?? ok;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const transport: VerifierTransport = {
    getEpoch: next as () => Promise<ClientResult<EpochInfo>>,
    submitReceipt: next,
    submitProof: next,
    getWorker: next,
  };
  const { failureCount = 100, ratePerSecond = 1e6 } = options;
  const pacer = new Pacer(timing);
  const circuit = new VerifierCircuit({ failureCount, openMinMs: 5, openMaxMs: 10 });
  const api = new VerifierApi(
    { maxRetries: 3, backoff: { baseMs: 100, maxMs: 1000 } },
    {
      transport,
      circuit,
      bucket: new TokenBucket({ ratePerSecond, burst: 1 }, timing),
      pacer,
      clock: new VerifierClock(timing),
      timing,
      onError: (failure) => failures.push(failure),
    },
  );
  return { api, circuit, failures, pacer, sentAtMs, timing, bounds: within(timing, 60_000) };
}

function within(timing: VirtualTiming, durationMs: number) {
  return { signal, untilMs: timing.unixMs() + durationMs };
}

describe('retries', () => {
  it('double their delay with jitter', async () => {
    const { api, sentAtMs, bounds } = setUp([
      refusal(500, 'internal_error'),
      new NetworkError('connect', 'refused'),
      refusal(503, 'not_ready'),
    ]);
    expect(await api.submitReceipt(receipt, bounds)).toMatchObject({ ok: true });
    // Half of 100, 200 and 400: the jitter's mean.
    expect(sentAtMs).toEqual([0, 50, 150, 350]);
  });

  it('end after MAX_RETRIES for a receipt, and only at the deadline for a proof', async () => {
    const broken = () => Array.from({ length: 50 }, () => refusal(500, 'internal_error'));
    const receipts = setUp(broken());
    expect(await receipts.api.submitReceipt(receipt, receipts.bounds)).toMatchObject({
      ok: false,
      kind: 'down',
      code: 'internal_error',
    });
    expect(receipts.sentAtMs).toHaveLength(4);
    const proofs = setUp(broken());
    await proofs.api.submitProof(proof, within(proofs.timing, 5000));
    expect(proofs.sentAtMs.length).toBeGreaterThan(8);
    expect(Math.max(...proofs.sentAtMs)).toBeLessThan(5000);
  });

  it.each([400, 403, 404, 409, 410, 413, 422])('never follow a %d', async (status) => {
    const { api, sentAtMs, bounds } = setUp([refusal(status, 'receipt_not_found')]);
    expect(await api.submitProof(proof, bounds)).toMatchObject({ ok: false, kind: 'refused' });
    expect(sentAtMs).toHaveLength(1);
  });

  it('obey Retry-After, jitter on top', async () => {
    const { api, sentAtMs, bounds } = setUp([refusal(429, 'rate_limited', 7000)]);
    await api.submitReceipt(receipt, bounds);
    expect(sentAtMs).toEqual([0, 7050]);
  });

  it('do not wait for a time at which it is too late', async () => {
    const { api, sentAtMs, timing } = setUp([refusal(429, 'rate_limited', 7000)]);
    const result = await api.submitProof(proof, within(timing, 5000));
    expect(result).toMatchObject({ ok: false, kind: 'busy', code: 'rate_limited' });
    expect(sentAtMs).toEqual([0]);
    expect(timing.monotonicMs()).toBe(0);
  });

  it('are reported each, the last one included', async () => {
    const { api, failures, bounds } = setUp([
      new NetworkError('timeout', 'too slow'),
      refusal(409, 'epoch_closed'),
    ]);
    await api.submitReceipt(receipt, bounds);
    expect(failures.map(({ code }) => code)).toEqual(['network_timeout', 'epoch_closed']);
  });

  it('leave what is neither network nor answer to the caller', async () => {
    const { api, bounds } = setUp([new TypeError('a bug')]);
    await expect(api.submitReceipt(receipt, bounds)).rejects.toThrow('a bug');
  });
});

describe('a busy verifier', () => {
  it.each(['rate_limited', 'overloaded', 'too_many_open_challenges'])(
    '%s holds new work back and leaves the circuit closed',
    async (code) => {
      const status = code === 'overloaded' ? 503 : 429;
      const { api, circuit, pacer, timing } = setUp([refusal(status, code, 1000)], {
        failureCount: 1,
      });
      const result = await api.submitProof(proof, within(timing, 500));
      expect(result).toMatchObject({ ok: false, kind: 'busy' });
      expect(pacer.remainingMs).toBe(1050);
      expect(circuit.state).toBe('closed');
    },
  );

  it('does not hold proofs back: they close open challenges', async () => {
    const { api, pacer, sentAtMs, bounds } = setUp([]);
    pacer.pause(10_000);
    await api.submitProof(proof, bounds);
    expect(sentAtMs).toEqual([0]);
    await api.submitReceipt(receipt, bounds);
    expect(sentAtMs).toEqual([0, 10_000]);
  });
});

describe('the circuit breaker', () => {
  it('stops receipts and proofs, lets the epoch probe, and closes again', async () => {
    const down = () => refusal(500, 'internal_error');
    const { api, circuit, sentAtMs, timing } = setUp([down(), down()], { failureCount: 2 });
    await api.getEpoch(signal);
    await api.getEpoch(signal);
    expect(circuit.state).toBe('open');
    const sentCount = sentAtMs.length;
    expect(await api.getWorker('did', signal)).toMatchObject({ code: 'circuit_open' });
    expect(await api.submitProof(proof, within(timing, 500))).toMatchObject({
      code: 'circuit_open',
    });
    expect(sentAtMs).toHaveLength(sentCount);
    // The breaker itself keeps real time, a few milliseconds here.
    while (circuit.state !== 'closed') {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await api.getEpoch(signal);
    }
    expect(await api.submitProof(proof, within(timing, 500))).toMatchObject({ ok: true });
  });

  it('is not opened by refusals, however many', async () => {
    const refusals = Array.from({ length: 20 }, () => refusal(409, 'epoch_closed'));
    const { api, circuit, bounds } = setUp(refusals, { failureCount: 2 });
    for (let call = 0; call < 20; call++) await api.submitReceipt(receipt, bounds);
    expect(circuit.state).toBe('closed');
  });
});

it('requests keep to the rate', async () => {
  const { api, sentAtMs, bounds } = setUp([], { ratePerSecond: 2 });
  for (let call = 0; call < 4; call++) await api.submitReceipt(receipt, bounds);
  expect(sentAtMs).toEqual([0, 500, 1000, 1500]);
});
