import { afterEach, describe, expect, it } from '@jest/globals';
import { Dice } from '../src/dice.ts';
import { auditLedger, lookUpAll, untilSealed } from '../src/ledger-audit.ts';
import { LoadBook } from '../src/load-worker.ts';
import { TestNetwork } from '../src/network.ts';
import { underLoad } from '../src/under-load.ts';

const roundCount = 20;

let network: TestNetwork | undefined;

afterEach(async () => {
  await network?.close();
  network = undefined;
});

describe('a verifier on the embedded ledger', () => {
  it('killed by SIGKILL at 20 random moments under load has every receipt that it acknowledged', async () => {
    const dice = Dice.print('crash');
    const running = await TestNetwork.start({
      EPOCH_SECONDS: '5',
      GRACE_SECONDS: '2',
      CHALLENGE_DEADLINE_MS: '4000',
      AUDIT_ROWS_MAX: '8',
      // The comparison asks for every receipt at once, all from here.
      REQUESTS_PER_SECOND_PER_ADDRESS: '1000000',
    });
    network = running;
    const book = new LoadBook();
    const urls = [running.baseUrl];
    let checkedCount = 0;
    const seen = { recorded: 0, accepted: 0 };

    const killAndLookUp = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, dice.below(1200)));
      expect(await running.verifier.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      // What was acknowledged since the last kill; of what came before, the whole is looked at in the end.
      const recorded = [...book.recorded.keys()].slice(seen.recorded);
      const accepted = [...book.accepted.keys()].slice(seen.accepted);
      seen.recorded += recorded.length;
      seen.accepted += accepted.length;
      await running.restartVerifier();
      const found = await lookUpAll(urls, [...recorded, ...accepted]);
      const outcomes = new Map(found.map((stored) => [stored.receipt_id, stored.outcome]));
      expect(recorded.filter((id) => !outcomes.has(id))).toEqual([]);
      expect(accepted.filter((id) => outcomes.get(id) !== 'accepted')).toEqual([]);
      checkedCount += found.length;
    };
    await underLoad(
      () => [running.client],
      { book, dice: dice.derive(1) },
      async () => {
        for (let round = 0; round < roundCount; round++) await killAndLookUp();
      },
    );
    await untilSealed(running.baseUrl, Math.max(...book.beacons.keys()));
    const findings = await auditLedger(urls, book);
    process.stderr.write(`${book}, ${checkedCount} looked up after a kill\n`);
    expect(findings).toEqual({
      entryCount: book.recorded.size,
      latestSealedId: expect.any(Number),
      acceptedOnlyAtClient: [],
      acceptedOnlyInLedger: [],
      lost: [],
      noncesTwice: [],
      faults: [],
    });
    expect([...book.refusals.keys()].filter((name) => !name.endsWith('epoch_closed'))).toEqual([]);
    expect(checkedCount).toBeGreaterThan(roundCount);
    expect(book.retryCount).toBeGreaterThan(0);

    // The control: a client that was told otherwise.
    const [untold = ''] = book.accepted.keys();
    const invented = '5a'.repeat(32);
    book.accepted.delete(untold);
    book.accepted.set(invented, '');
    book.recorded.set(invented, book.recorded.get(untold)!);
    book.noteBeacon(Math.max(...book.beacons.keys()), invented);
    expect(await auditLedger(urls, book)).toMatchObject({
      acceptedOnlyAtClient: [invented],
      acceptedOnlyInLedger: [untold],
      lost: [invented],
      faults: [expect.stringContaining(`, ${invented}`)],
    });
  }, 240_000);
});
