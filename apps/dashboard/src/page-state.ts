import type { WorkerList } from './api-client.ts';
import type { Epoch, EpochCredits, EpochNow, ReceiptEvidence, Worker } from './api-model.ts';
import type { WorkerOrder } from './fleet-summary.ts';
import type { Route } from './routes.ts';

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `lastLiveAtMs` and `nextAtMs` are unix milliseconds by the browser's clock; NaN when never. */
  | {
      readonly kind: 'unreachable' | 'failing';
      readonly reason: string;
      readonly lastLiveAtMs: number;
      readonly nextAtMs: number;
    };

/** The one thing a detail page is about. */
export type Detail =
  | { readonly kind: 'loading' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'worker'; readonly worker: Worker }
  | {
      readonly kind: 'epoch';
      readonly epoch: Epoch;
      /** Undefined for an epoch that is not sealed, and for one too large to list. */
      readonly credits: EpochCredits | undefined;
    }
  | { readonly kind: 'receipt'; readonly evidence: ReceiptEvidence };

/** Everything a view may show. `undefined` is "not heard yet", which is not the same as empty. */
export interface PageState {
  readonly route: Route;
  readonly connection: Connection;
  /** By the browser's clock. */
  readonly browserNowMs: number;
  /** By the verifier's clock, to compare with times it gave. */
  readonly serverNowMs: number;
  readonly epochNow: EpochNow | undefined;
  readonly workerList: WorkerList | undefined;
  readonly epochPage:
    { readonly epochs: readonly Epoch[]; readonly nextBefore: number } | undefined;
  readonly detail: Detail;
  readonly order: WorkerOrder;
  readonly filter: string;
  /** A short answer to the last press: "Copied", "Not a did…"; empty for none. */
  readonly notice: string;
}
