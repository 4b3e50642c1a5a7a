import type { LedgerStore } from '@tops/ledger';
import type { Clock } from './clock.ts';

/**
 * The clock that all verifiers of one ledger share: this machine's, put right by what the ledger's storage was last seen to
 * differ from it. So clocks that are a little off change no verdict, and epochs open at the same moment everywhere. Of a
 * storage without a clock it is this machine's as it is.
 */
export function ledgerClock(clock: Clock, ledger: Pick<LedgerStore, 'clockSkewMs'>): Clock {
  return {
    nowMs: () => clock.nowMs() - (ledger.clockSkewMs?.() ?? 0),
    setTimer: (fn, delayMs) => clock.setTimer(fn, delayMs),
  };
}
