import {
  CryptoError,
  type KeyPair,
  blake3,
  bytesToHex,
  concatBytes,
  didToPublicKey,
  hexToBytes,
  publicKeyToDid,
  sign,
} from '@tops/crypto';
import { FieldReader, isJsonObject } from './fields.ts';
import { jcsBytes } from './jcs.ts';
import { type Parsed, type Problem, quoteUntrusted } from './problem.ts';
import { type Shape, shapeProblem } from './shape.ts';
import { KERNEL_VERSION } from './versions.ts';

/**
 * A receipt as it goes over the wire. Every field is attacker-controlled; `time_ms` and `driver_hint` stay so after every
 * check: they are shown, never trusted and never credited.
 */
export interface Receipt {
  readonly kernel_ver: string;
  /** The did:key of `public_key_hex`, or a label. */
  readonly device_did: string;
  readonly public_key_hex: string;
  readonly epoch_id: number;
  readonly prev_hash_hex: string;
  readonly nonce: number;
  readonly sizes: Shape;
  readonly work_root_hex: string;
  readonly time_ms: number;
  readonly driver_hint: string;
  readonly sig_hex: string;
}

/** What a worker signs. */
export type UnsignedReceipt = Omit<Receipt, 'sig_hex'>;

/** A receipt of the right form. Its signature, epoch and shape limits are not checked yet. */
export interface ParsedReceipt {
  readonly receipt: Receipt;
  /** Lower-case hex of BLAKE3 over {@link ParsedReceipt.signedBytes}; the signature is no part of it. */
  readonly receiptId: string;
  readonly signedBytes: Uint8Array;
  /** 32 bytes; perhaps no point of the curve. */
  readonly publicKey: Uint8Array;
  /** 32 bytes. */
  readonly prevHash: Uint8Array;
  /** 32 bytes. */
  readonly workRoot: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** The did:key of the public key, whatever `device_did` says. */
  readonly workerDid: string;
  /** `device_did` when it is a label, in the worker's own words. */
  readonly label: string | undefined;
}

const receiptFields = [
  'kernel_ver',
  'device_did',
  'public_key_hex',
  'epoch_id',
  'prev_hash_hex',
  'nonce',
  'sizes',
  'work_root_hex',
  'time_ms',
  'driver_hint',
  'sig_hex',
] as const satisfies readonly (keyof Receipt)[];

const signingDomain = new TextEncoder().encode('tops-worker receipt v2\n');
const labelPattern = /^[A-Za-z0-9._-]{1,64}$/;

function isDeviceLabel(text: string): boolean {
  return labelPattern.test(text);
}

/** The bytes `sig_hex` signs: the domain line, then JCS of the receipt without `sig_hex` (any such field is left out). */
export function receiptSignedBytes(receipt: UnsignedReceipt): Uint8Array {
  return concatBytes(signingDomain, jcsBytes(unsignedFields(receipt)));
}

/** `receipt_id`: lower-case hex of BLAKE3 of the signed bytes. */
export function receiptIdOf(signedBytes: Uint8Array): string {
  return bytesToHex(blake3(signedBytes));
}

/** Signs a receipt; the fields of the result are the protocol's and no others. The caller vouches for their form. */
export function signReceipt(unsigned: UnsignedReceipt, keyPair: KeyPair): Receipt {
  const signature = sign(receiptSignedBytes(unsigned), keyPair);
  return { ...unsignedFields(unsigned), sig_hex: bytesToHex(signature) };
}

/**
 * Takes a receipt apart, checking the form of each field and the shape rules; see docs/errors.md for the codes.
 *
 * @param value - attacker-controlled: what `parseJson` gave. An object made in this process (plain numbers) is taken too, but
 *   never hand over the result of `JSON.parse`: it has lost duplicate keys and how numbers were written.
 */
export function parseReceipt(value: unknown): Parsed<ParsedReceipt> {
  // Another version may have other fields, so it is named before they are compared.
  const versionProblem = kernelVersionProblem(value);
  if (versionProblem !== undefined) return { ok: false, problem: versionProblem };
  const fields = FieldReader.open(value, { required: receiptFields, unknown: 'refuse' });
  return readReceipt(fields);
}

/** As {@link parseReceipt}, for a receipt inside another message; problems name its fields under the reader's path. */
export function readReceipt(fields: FieldReader): Parsed<ParsedReceipt> {
  const kernel_ver = fields.string('kernel_ver');
  const device_did = fields.string('device_did');
  const public_key_hex = fields.hex('public_key_hex', 32);
  const epoch_id = fields.integer('epoch_id');
  const prev_hash_hex = fields.hex('prev_hash_hex', 32);
  const nonce = fields.integer('nonce');
  const sizes = readShape(fields);
  const work_root_hex = fields.hex('work_root_hex', 32);
  const time_ms = fields.integer('time_ms');
  const driver_hint = fields.text('driver_hint', {
    pattern: /^[\x20-\x7e]{0,64}$/,
    expected: 'as 0 to 64 printable ASCII characters',
    code: 'driver_hint_malformed',
  });
  const sig_hex = fields.hex('sig_hex', 64);
  if (fields.isSound) fields.refuse(deviceDidProblem(device_did, hexToBytes(public_key_hex)));
  if (fields.isSound) fields.refuse(shapeProblem(sizes));
  return fields.finish(() =>
    toParsed({
      kernel_ver,
      device_did,
      public_key_hex,
      epoch_id,
      prev_hash_hex,
      nonce,
      sizes,
      work_root_hex,
      time_ms,
      driver_hint,
      sig_hex,
    }),
  );
}

/** Field names of a receipt, for a message that holds one. */
export const receiptForm = { required: receiptFields, unknown: 'refuse' } as const;

/** `kernel_ver_unsupported` when the value names another version; other defects are left to the field checks. */
export function kernelVersionProblem(value: unknown): Problem | undefined {
  const version = isJsonObject(value) ? value['kernel_ver'] : undefined;
  if (typeof version !== 'string' || version === KERNEL_VERSION) return undefined;
  return {
    code: 'kernel_ver_unsupported',
    detail: `expected kernel_ver ${KERNEL_VERSION}, got ${quoteUntrusted(version)}`,
    field: 'kernel_ver',
  };
}

function readShape(fields: FieldReader): Shape {
  const sizes = fields.object('sizes', { required: ['m', 'n', 'k'], unknown: 'refuse' });
  return { m: sizes.integer('m'), n: sizes.integer('n'), k: sizes.integer('k') };
}

function deviceDidProblem(deviceDid: string, publicKey: Uint8Array): Problem | undefined {
  if (isDeviceLabel(deviceDid)) return undefined;
  if (deviceDid === publicKeyToDid(publicKey)) return undefined;
  const foreign = isDidKey(deviceDid);
  return {
    code: foreign ? 'device_did_foreign' : 'device_did_malformed',
    detail: `expected the did:key of public_key_hex or a label [A-Za-z0-9._-]{1,64}, got ${quoteUntrusted(deviceDid)}`,
    field: 'device_did',
  };
}

function isDidKey(text: string): boolean {
  try {
    didToPublicKey(text);
    return true;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return false;
  }
}

function unsignedFields(receipt: UnsignedReceipt): UnsignedReceipt {
  const { kernel_ver, device_did, public_key_hex, epoch_id, prev_hash_hex, nonce } = receipt;
  const { work_root_hex, time_ms, driver_hint } = receipt;
  const { m, n, k } = receipt.sizes;
  return {
    kernel_ver,
    device_did,
    public_key_hex,
    epoch_id,
    prev_hash_hex,
    nonce,
    sizes: { m, n, k },
    work_root_hex,
    time_ms,
    driver_hint,
  };
}

function toParsed(receipt: Receipt): ParsedReceipt {
  const signedBytes = receiptSignedBytes(receipt);
  const publicKey = hexToBytes(receipt.public_key_hex);
  return {
    receipt,
    receiptId: receiptIdOf(signedBytes),
    signedBytes,
    publicKey,
    prevHash: hexToBytes(receipt.prev_hash_hex),
    workRoot: hexToBytes(receipt.work_root_hex),
    signature: hexToBytes(receipt.sig_hex),
    workerDid: publicKeyToDid(publicKey),
    label: isDeviceLabel(receipt.device_did) ? receipt.device_did : undefined,
  };
}
