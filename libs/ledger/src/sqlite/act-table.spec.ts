import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { actInput } from '../../test/conformance-acts.ts';
import { ALLOWED_KEYS_MAX } from '../index.ts';
import { Connection } from './connection.ts';
import { openSqliteLedger } from './sqlite-ledger.ts';

describe('the log of acts in SQLite', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tops-acts-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const open = () => openSqliteLedger({ dataDir, lockWaitMs: 0 });
  const edit = (sql: string) => {
    const connection = new Connection(join(dataDir, 'ledger.sqlite'), { busyTimeoutMs: 0 });
    try {
      connection.execute(sql);
    } finally {
      connection.close();
    }
  };

  it.each([
    `UPDATE acts SET reason = 'another'`,
    'DELETE FROM acts',
    `INSERT OR REPLACE INTO acts SELECT seq, act_id, at_ms, 'another', reason, public_key, act, NULL FROM acts`,
    `REPLACE INTO acts SELECT seq + 1, act_id, at_ms, 'another', reason, public_key, act, NULL FROM acts`,
    `INSERT INTO acts SELECT * FROM acts WHERE true ON CONFLICT (act_id) DO UPDATE SET actor = 'another'`,
    `UPDATE OR REPLACE acts SET seq = 7`,
  ])('refuses: %s', async (statement) => {
    const store = await open();
    await store.recordAct(actInput(1, { kind: 'allow' }));
    const before = await store.listActs({ limit: 5 });
    await store.close();
    expect(() => edit(statement)).toThrow(/append-only/);
    const again = await open();
    expect(await again.listActs({ limit: 5 })).toEqual(before);
    await again.close();
  });

  it('does nothing of an act that cannot be recorded', async () => {
    const store = await open();
    await store.close();
    edit(`CREATE TRIGGER no_room BEFORE INSERT ON acts BEGIN SELECT RAISE(ABORT, 'no room'); END`);
    const again = await open();
    await expect(again.recordAct(actInput(1, { kind: 'allow' }))).rejects.toMatchObject({
      code: 'input_invalid',
    });
    expect((await again.allowList()).keys).toEqual([]);
    await again.close();
  });

  it('has an end to the list of allowed keys', async () => {
    await (await open()).close();
    edit(`WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ${ALLOWED_KEYS_MAX})
      INSERT INTO allowed_keys SELECT CAST(printf('%032d', n) AS BLOB), 0 FROM i`);
    const store = await open();
    expect(await store.recordAct(actInput(1, { kind: 'allow' }))).toEqual({
      kind: 'allow_list_full',
    });
    expect(await store.listActs({ limit: 1 })).toEqual([]);
    await store.close();
  });
});
