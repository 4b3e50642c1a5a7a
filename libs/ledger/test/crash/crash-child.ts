// The program that ledger-crash.spec.ts kills: writes to a ledger as fast as it can and prints what was acknowledged, a line
// each, written synchronously: what the parent reads was acknowledged before the kill.
import { writeSync } from 'node:fs';
import { openSqliteLedger, openThreadedLedger } from '../../src/index.ts';
import { commitInput, makeReceipt, openEpoch } from '../ledger-fixtures.ts';

const [dataDir = '', round = '', place = ''] = process.argv.slice(2);
const open = place === 'thread' ? openThreadedLedger : openSqliteLedger;
const store = await open({ dataDir });
const epochId = Number(round);
await openEpoch(store, epochId);
const beacon = (await store.latestEpoch())?.prevHash ?? new Uint8Array();
writeSync(1, `beacon ${Buffer.from(beacon).toString('hex')}\n`);
let nonce = 0;

async function writeForever(key: number): Promise<never> {
  for (;;) {
    const parsed = makeReceipt({ key, epochId, nonce: nonce++ });
    const { receiptId } = parsed;
    const committed = await store.commitReceipt(commitInput(parsed));
    writeSync(1, `${committed.kind} ${receiptId}\n`);
    const settled = await store.settleReceipt({ receiptId, outcome: 'accepted', atMs: 1 });
    writeSync(1, `${settled.kind} ${receiptId}\n`);
  }
}

await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(writeForever));
