import { describe, expect, it } from '@jest/globals';
import { LedgerError, type EvidencePruned } from '@tops/ledger';
import { createLogger, createMetrics } from '@tops/observability';
import { Writable } from 'node:stream';
import { EvidenceKeeper } from './evidence-keeper.ts';
import { createVerifierMetrics } from './metrics.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const done: EvidencePruned = { deletedCount: 1, keptCount: 5, keptBytes: 500, isDone: true };

function setUp(answers: (EvidencePruned | Error)[] = []) {
  const calls: { keptSinceMs: number; maxBytes: number }[] = [];
  const logLines: string[] = [];
  const metrics = createMetrics({ prefix: 'tops_verifier_', defaultMetrics: false });
  const destination = new Writable({
    write(chunk, _encoding, next) {
      logLines.push(String(chunk));
      next();
    },
  });
  const keeper = new EvidenceKeeper(
    { keptMs: 30 * DAY_MS, maxBytes: 1_600 },
    {
      ledger: {
        pruneEvidence: (input) => {
          calls.push(input);
          const answer = answers[calls.length - 1] ?? done;
          return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
        },
      },
      metrics: createVerifierMetrics(metrics),
      logger: createLogger({ service: 'verifier', level: 'debug', destination }),
    },
  );
  return { keeper, calls, logLines, registry: metrics.registry };
}

describe('EvidenceKeeper', () => {
  it('deletes by age and room at once, then once a minute', async () => {
    const { keeper, calls, registry } = setUp();
    await keeper.tick(NOW_MS);
    expect(calls).toEqual([{ keptSinceMs: 970 * DAY_MS, maxBytes: 1_600 }]);
    await keeper.tick(NOW_MS + 59_999);
    expect(calls).toHaveLength(1);
    await keeper.tick(NOW_MS + 60_000);
    expect(calls).toHaveLength(2);
    const text = await registry.metrics();
    expect(text).toContain('tops_verifier_evidence_kept 5');
    expect(text).toContain('tops_verifier_evidence_kept_bytes 500');
    expect(text).toContain('tops_verifier_evidence_deleted_total 2');
  });

  it('comes sooner when a sixteenth of the room was filled', async () => {
    const { keeper, calls } = setUp();
    await keeper.tick(NOW_MS);
    keeper.noteKept(100);
    await keeper.tick(NOW_MS + 1_000);
    expect(calls).toHaveLength(1);
    keeper.noteKept(1);
    await keeper.tick(NOW_MS + 2_000);
    await keeper.tick(NOW_MS + 3_000);
    expect(calls).toHaveLength(2);
  });

  it('takes a bounded number of batches, and goes on at the next tick', async () => {
    const more = { ...done, isDone: false };
    const { keeper, calls } = setUp(Array.from({ length: 20 }, () => more));
    await keeper.tick(NOW_MS);
    expect(calls).toHaveLength(16);
    await keeper.tick(NOW_MS + 1_000);
    expect(calls).toHaveLength(21);
  });

  it('never runs two rounds at once', async () => {
    const { keeper, calls } = setUp();
    await Promise.all([keeper.tick(NOW_MS), keeper.tick(NOW_MS), keeper.tick(NOW_MS + 60_000)]);
    expect(calls).toHaveLength(1);
  });

  it('survives a ledger that fails, tries again a minute later, and is silent about one that was closed', async () => {
    const failing = setUp([new LedgerError('io', 'no disk')]);
    await failing.keeper.tick(NOW_MS);
    expect(failing.logLines.join('')).toContain('could not be deleted');
    await failing.keeper.tick(NOW_MS + 1_000);
    expect(failing.calls).toHaveLength(1);
    await failing.keeper.tick(NOW_MS + 60_000);
    expect(failing.calls).toHaveLength(2);
    const closed = setUp([new LedgerError('closed', 'the ledger is closed')]);
    await closed.keeper.tick(NOW_MS);
    expect(closed.logLines).toEqual([]);
  });
});
