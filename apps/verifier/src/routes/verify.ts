import type { BundleService } from '../bundle-service.ts';
import { json, type Route } from '../http/route.ts';

/** POST /verify: re-checks a bundle with no state. */
export function verifyRoutes(deps: { readonly bundles: BundleService }): Route[] {
  return [
    {
      method: 'post',
      path: '/verify',
      operation: {
        operationId: 'verifyBundle',
        summary: 'Recompute the rows of a bundle',
        description:
          'Shows that these rows are right, not that a verifier drew them. Nothing is recorded and nothing is earned.',
        tag: 'work',
        request: 'Bundle',
        success: { 200: { description: 'Every row is right', schema: 'Verified' } },
        problems: [
          ...(['kernel_ver_unsupported', 'device_did_malformed', 'device_did_foreign'] as const),
          ...(['driver_hint_malformed', 'shape_invalid', 'shape_below_min_rows'] as const),
          ...(['shape_over_limit', 'public_key_invalid', 'signature_non_canonical'] as const),
          ...(['signature_invalid', 'rows_invalid', 'proof_malformed', 'row_mismatch'] as const),
        ],
      },
      async handle(request) {
        const result = await deps.bundles.verify(request);
        return result.kind === 'refused'
          ? result
          : json({ status: 'accepted', receipt_id: result.receiptId });
      },
    },
  ];
}
