import { FieldReader, isJsonObject } from './fields.ts';
import type { Parsed, Problem } from './problem.ts';
import { proofFields, readProof, encodeProof, type ProofMessage } from './proof.ts';
import {
  type ParsedReceipt,
  type Receipt,
  kernelVersionProblem,
  readReceipt,
  receiptForm,
} from './receipt.ts';
import { rowsProblem } from './rows.ts';

/** A receipt with an opening of some of its rows: all it takes to re-check them, with no state. */
export interface Bundle {
  readonly receipt: ParsedReceipt;
  /** Ascending, distinct, below m. Nothing shows that a verifier drew them. */
  readonly rows: readonly number[];
  /** 32 bytes each, ascending by row. */
  readonly leaves: Uint8Array;
  /** 32 bytes each. */
  readonly siblings: Uint8Array;
}

/** The wire form of a {@link Bundle}; every field is attacker-controlled. */
export interface BundleMessage extends ProofMessage {
  readonly receipt: Receipt;
  readonly rows: readonly number[];
}

export const bundleFields = ['receipt', 'rows', ...proofFields] as const;

/** @param value - attacker-controlled: what `parseJson` gave. */
export function parseBundle(
  value: unknown,
  options: { readonly auditRowsMax: number },
): Parsed<Bundle> {
  const versionProblem = bundleVersionProblem(value);
  if (versionProblem !== undefined) return { ok: false, problem: versionProblem };
  const fields = FieldReader.open(value, { required: bundleFields, unknown: 'refuse' });
  return readBundle(fields, options);
}

/** `kernel_ver_unsupported` before anything else: what other rules call a receipt need not parse by these. */
export function bundleVersionProblem(value: unknown): Problem | undefined {
  const problem = isJsonObject(value) ? kernelVersionProblem(value['receipt']) : undefined;
  return problem && { ...problem, field: 'receipt.kernel_ver' };
}

/** As {@link parseBundle}, for a message that has these fields among others. */
export function readBundle(
  fields: FieldReader,
  options: { readonly auditRowsMax: number },
): Parsed<Bundle> {
  const receipt = readReceipt(fields.object('receipt', receiptForm));
  const bound = { maxCount: options.auditRowsMax, tooMany: 'rows_invalid' } as const;
  const rows = fields.integers('rows', bound);
  if (receipt.ok && fields.isSound) {
    const { m } = receipt.value.receipt.sizes;
    fields.refuse(rowsProblem({ rows, maxCount: options.auditRowsMax, m }));
  }
  const proof = readProof(fields);
  if (!proof.ok) return proof;
  if (!receipt.ok) return receipt;
  return { ok: true, value: { receipt: receipt.value, rows, ...proof.value } };
}

/** The wire form of a bundle. */
export function encodeBundle(bundle: Bundle): BundleMessage {
  return { receipt: bundle.receipt.receipt, rows: bundle.rows, ...encodeProof(bundle) };
}
