import {
  ArchiveAuditor,
  archiveLines,
  HttpArchiveSource,
  type AuditSummary,
  type EpochRange,
  type Finding,
} from '@tops/audit';
import { createReferenceKernel } from '@tops/kernel-cpu';
import { VerifierClient } from '@tops/protocol';
import type { TestVerifier } from './test-verifier.ts';
import { TestWorker } from './test-worker.ts';

/** Grace and challenge deadline of the default limits. */
export const sealDelayMs = 15_000;

/** Receipts of every outcome in the current epoch, then the epoch is over and sealed; returns its id and the receipts' ids. */
export async function makeEpoch(test: TestVerifier, seed: number) {
  const epoch = await test.epoch();
  const ids: Record<'accepted' | 'missed' | 'revoked' | 'rejected', string> = {
    ...{ accepted: '', missed: '', revoked: '', rejected: '' },
  };
  const honest = new TestWorker(seed);
  for (let i = 0; i < 2; i++) {
    const attempt = await honest.attempt(epoch);
    const challenge = await test.challenge(attempt);
    await test.prove(attempt, challenge);
    ids.accepted = challenge.receipt_id;
  }
  ids.missed = (await test.challenge(await honest.attempt(epoch))).receipt_id;
  const cheat = new TestWorker(seed + 1);
  const earned = await cheat.attempt(epoch);
  const first = await test.challenge(earned);
  await test.prove(earned, first);
  ids.revoked = first.receipt_id;
  const everyRow = Array.from({ length: 64 }, (_, row) => row);
  const wrong = await cheat.attempt(epoch, { wrongRows: everyRow });
  const second = await test.challenge(wrong);
  await test.prove(wrong, second);
  ids.rejected = second.receipt_id;
  await sealEpoch(test, epoch.closes_at);
  return { epochId: epoch.epoch_id, ids };
}

/** Lets the epoch that closes at `closesAtMs` be sealed and signed. */
export async function sealEpoch(test: TestVerifier, closesAtMs: number): Promise<void> {
  test.clock.set(closesAtMs + sealDelayMs);
  await test.verifier.epochs.tick();
  await settleFollowers(test);
}

/** Waits until anchors and retention have done what the last round left them to do. */
export async function settleFollowers(test: TestVerifier): Promise<void> {
  for (const follower of test.verifier.followers) await follower.settled();
}

/** The archive as `tops export` makes it, over HTTP. */
export async function exportLines(test: TestVerifier, range: EpochRange): Promise<string[]> {
  const client = new VerifierClient({ baseUrl: test.url, timeoutMs: 5000 });
  const lines: string[] = [];
  for await (const line of archiveLines(range, new HttpArchiveSource({ client }))) lines.push(line);
  return lines;
}

/** Replays archives in a row, each given as its lines; proofs are recomputed. */
export async function auditLines(
  archives: readonly (readonly string[])[],
  options: { readonly verifierKeys?: readonly string[] } = {},
): Promise<{ findings: Finding[]; summary: AuditSummary }> {
  const findings: Finding[] = [];
  const kernel = createReferenceKernel();
  const auditor = new ArchiveAuditor(
    { verifierKeys: options.verifierKeys ?? [] },
    {
      onFinding: (finding) => findings.push(finding),
      recomputing: {
        maxWeights: 2 ** 25,
        computeLeaves: (attempt, rows) => kernel.computeLeaves(attempt, rows),
      },
    },
  );
  for (const lines of archives) {
    auditor.begin();
    for (const line of lines) {
      await auditor.take({ bytes: new TextEncoder().encode(line.slice(0, -1)), terminated: true });
    }
    auditor.end();
  }
  const summary = await auditor.finish();
  return { findings, summary };
}
