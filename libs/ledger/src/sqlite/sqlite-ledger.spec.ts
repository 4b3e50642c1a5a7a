import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLedgerStore } from '../../test/ledger-store-conformance.ts';
import { openThreadedLedger } from '../thread/threaded-ledger.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

for (const [name, openLedger] of [
  ['the SQLite ledger', openSqliteLedger],
  ['the SQLite ledger on a thread', openThreadedLedger],
] as const) {
  describeLedgerStore(name, () => {
    const directories: string[] = [];
    const open = (options: { topsEpochs?: number } = {}) => {
      const dataDir = directories.at(-1);
      if (dataDir === undefined) throw new Error('no directory yet');
      return openLedger({ dataDir, lockWaitMs: 0, ...options });
    };
    return {
      openFresh: (options) => {
        directories.push(mkdtempSync(join(tmpdir(), 'tops-ledger-')));
        return open(options);
      },
      reopen: async (store) => {
        await store.close();
        return open();
      },
      cleanUp: async () => {
        for (const directory of directories) rmSync(directory, { recursive: true });
      },
    };
  });
}
