import { describe, expect, it, jest } from '@jest/globals';
import { LedgerError, type AllowList as StoredList } from '@tops/ledger';
import { createMetrics, type Logger } from '@tops/observability';
import { AllowList } from './allow-list.ts';
import { createVerifierMetrics } from './metrics.ts';

const configuredKey = 'aa'.repeat(32);
const otherKey = 'bb'.repeat(32);

function makeList(configured: readonly string[] = [configuredKey]) {
  const allowList = jest.fn<(known?: number) => Promise<StoredList>>();
  const error = jest.fn();
  const metrics = createVerifierMetrics(
    createMetrics({ prefix: 'tops_verifier_', defaultMetrics: false }),
  );
  const logger = { error } as unknown as Logger;
  const list = new AllowList(new Set(configured), { ledger: { allowList }, logger, metrics });
  return { list, allowList, error };
}

describe('AllowList', () => {
  it('adds what is stored to what is configured, and asks only for what is newer', async () => {
    const { list, allowList } = makeList();
    allowList.mockResolvedValueOnce({ version: 3, keys: [otherKey] });
    allowList.mockResolvedValueOnce({ version: 3 });
    allowList.mockResolvedValueOnce({ version: 5, keys: [] });
    expect([...list.keys]).toEqual([configuredKey]);
    await list.refresh();
    expect([...list.keys]).toEqual([configuredKey, otherKey]);
    await list.refresh();
    expect([...list.keys]).toEqual([configuredKey, otherKey]);
    await list.refresh();
    expect([...list.keys]).toEqual([configuredKey]);
    expect(allowList.mock.calls).toEqual([[undefined], [3], [3]]);
  });

  it('asks nobody and stays empty while registration is open: one allowed key must not shut out the others', async () => {
    const { list, allowList } = makeList([]);
    await list.refresh();
    expect(list.isOpen).toBe(true);
    expect(list.keys.size).toBe(0);
    expect(allowList).not.toHaveBeenCalled();
    expect(list.allowedBy({ publicKeyHex: otherKey })).toBe('open_registration');
  });

  it('reads again when asked during a read that may have begun too early', async () => {
    const { list, allowList } = makeList();
    let answerFirst = (_list: StoredList): void => undefined;
    allowList.mockReturnValueOnce(new Promise((resolve) => (answerFirst = resolve)));
    allowList.mockResolvedValueOnce({ version: 2, keys: [otherKey] });
    const first = list.refresh();
    await new Promise((resolve) => setImmediate(resolve));
    const others = [list.refresh(), list.refresh()];
    answerFirst({ version: 1, keys: [] });
    await first;
    await Promise.all(others);
    expect(list.keys.has(otherKey)).toBe(true);
    expect(allowList).toHaveBeenCalledTimes(2);
  });

  it('keeps what it has while the ledger is away, says so, and takes up again', async () => {
    const { list, allowList, error } = makeList();
    allowList.mockResolvedValueOnce({ version: 1, keys: [otherKey] });
    await list.refresh();
    allowList.mockRejectedValueOnce(new LedgerError('connection_lost', 'gone'));
    await list.refreshQuietly();
    expect(list.keys.has(otherKey)).toBe(true);
    expect(error).toHaveBeenCalledTimes(1);
    allowList.mockRejectedValueOnce(new LedgerError('closed', 'closed'));
    await list.refreshQuietly();
    expect(error).toHaveBeenCalledTimes(1);
    allowList.mockResolvedValueOnce({ version: 2, keys: [] });
    await list.refresh();
    expect([...list.keys]).toEqual([configuredKey]);
  });
});
