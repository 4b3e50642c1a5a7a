import { bytesToHex } from '@tops/crypto';
import { KERNEL_VERSION, type EpochInfo, type Limits } from '@tops/protocol';
import type { EpochClock } from '../epoch-clock.ts';
import { json, type Route } from '../http/route.ts';

/** GET /v1/epoch: what to work on now, and this verifier's rules. */
export function epochRoutes(
  options: { readonly limits: Limits; readonly verifierKeyHex: string },
  deps: { readonly epochs: Pick<EpochClock, 'current'> },
): Route[] {
  return [
    {
      method: 'get',
      path: '/v1/epoch',
      operation: {
        operationId: 'getEpoch',
        summary: 'The open epoch, its beacon and the limits of this verifier',
        tag: 'work',
        success: { 200: { description: 'The open epoch', schema: 'EpochInfo' } },
        problems: [],
      },
      async handle() {
        const epoch = await deps.epochs.current();
        const info: EpochInfo = {
          epoch_id: epoch.epochId,
          prev_hash_hex: bytesToHex(epoch.prevHash),
          opens_at: epoch.opensAtMs,
          closes_at: epoch.closesAtMs,
          kernel_ver: KERNEL_VERSION,
          verifier_key_hex: options.verifierKeyHex,
          limits: options.limits,
        };
        return json(info);
      },
    },
  ];
}
