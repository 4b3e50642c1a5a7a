import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLedgerStore } from '../../test/ledger-store-conformance.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

describeLedgerStore('the SQLite ledger', () => {
  const directories: string[] = [];
  const open = (options: { topsEpochs?: number } = {}) => {
    const dataDir = directories.at(-1);
    if (dataDir === undefined) throw new Error('no directory yet');
    return openSqliteLedger({ dataDir, lockWaitMs: 0, ...options });
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
