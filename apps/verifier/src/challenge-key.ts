import { bytesToHex, hexToBytes } from '@tops/crypto';
import type { LedgerStore } from '@tops/ledger';
import { verifyChallenge, type Challenge } from '@tops/protocol';

/**
 * The key that signed a challenge: this verifier's, or one it had before, which its heads name. A challenge is as old as its
 * epoch, so it is the key of that epoch's head or, when the key changed in between, of the head before.
 *
 * @param epochId - the epoch of the challenged receipt.
 * @returns hex; the present key when the challenge is of none of them.
 */
export async function challengeKeyHex(
  input: { readonly challenge: Challenge; readonly epochId: number },
  { presentKeyHex, ledger }: { presentKeyHex: string; ledger: Pick<LedgerStore, 'getEpoch'> },
): Promise<string> {
  const { challenge, epochId } = input;
  if (verifyChallenge(challenge, hexToBytes(presentKeyHex))) return presentKeyHex;
  let id: number | undefined = epochId;
  for (let looked = 0; id !== undefined && looked < 2; looked++) {
    const epoch = await ledger.getEpoch(id);
    const key = epoch?.sealed?.signed?.verifierKey;
    if (key !== undefined && verifyChallenge(challenge, key)) return bytesToHex(key);
    id = epoch?.previousEpochId;
  }
  return presentKeyHex;
}
