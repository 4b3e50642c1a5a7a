import { SharedBudget, type SharedBudgetOptions } from '../shared-budget.ts';

/** What competes for the same processors: new receipts make work, proofs finish it. */
export type RequestClass = 'receipt' | 'proof';

export interface AdmissionOptions {
  readonly receipts: SharedBudgetOptions;
  readonly proofs: SharedBudgetOptions;
  /** Proofs under way from which on no new receipt is taken. */
  readonly proofBacklog: SharedBudgetOptions;
}

/**
 * Requests under way by class, each bounded in all and for one address. Under overload new receipts are turned away first:
 * one that is not taken has cost nothing, while a challenge that cannot be answered wastes a worker's whole attempt.
 *
 * A request counts once its body is here: whoever sends slowly must not take a place from those who do not.
 */
export class Admission {
  readonly #budgets: Readonly<Record<RequestClass, SharedBudget>>;
  readonly #proofBacklog: SharedBudgetOptions;

  constructor(options: AdmissionOptions) {
    this.#budgets = {
      receipt: new SharedBudget(options.receipts),
      proof: new SharedBudget(options.proofs),
    };
    this.#proofBacklog = options.proofBacklog;
  }

  /** Whether a request would be taken now; takes no place. */
  hasRoom(requestClass: RequestClass, address: string): boolean {
    if (requestClass === 'receipt' && this.#isBehind(address)) return false;
    return this.#budgets[requestClass].hasRoom(address, 1);
  }

  /** Takes a place, to be given back by `leave`. @returns whether there was one. */
  enter(requestClass: RequestClass, address: string): boolean {
    return this.hasRoom(requestClass, address) && this.#budgets[requestClass].take(address, 1);
  }

  leave(requestClass: RequestClass, address: string): void {
    this.#budgets[requestClass].give(address, 1);
  }

  #isBehind(address: string): boolean {
    const { max, maxPerAddress } = this.#proofBacklog;
    const proofs = this.#budgets.proof;
    return proofs.held >= max || proofs.heldBy(address) >= maxPerAddress;
  }
}
