import { timingSafeEqual } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';

const LOWER_HEX = /^(?:[0-9a-f]{2})*$/;
// No repeated group: those recurse in the regular expression engine, and megabytes of text would overflow its stack.
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Lower-case hex, two digits a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/**
 * Strict: lower-case and an even number of digits, so that one value has one spelling.
 *
 * @throws CryptoError `hex_malformed`
 */
export function hexToBytes(hex: string): Uint8Array {
  if (typeof hex !== 'string' || !LOWER_HEX.test(hex)) {
    throw new CryptoError('hex_malformed', 'expected an even number of lower-case hex digits');
  }
  // The constructor copies at once; Uint8Array.from would go through an iterator, byte by byte.
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Whether `text` is the lower-case hex of exactly `byteLength` bytes. */
export function isHex(text: string, byteLength: number): boolean {
  return typeof text === 'string' && text.length === byteLength * 2 && LOWER_HEX.test(text);
}

/** RFC 4648 §4 base64, padded. */
export function bytesToBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/**
 * RFC 4648 §4, canonical only: padded, no white space, unused trailing bits zero (§3.5).
 *
 * @throws CryptoError `base64_malformed`
 */
export function base64ToBytes(text: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !BASE64.test(text)) {
    throw new CryptoError('base64_malformed', 'expected padded RFC 4648 base64');
  }
  const decoded = Buffer.from(text, 'base64');
  // Only the last quantum can carry stray bits: encoding it again is the whole check.
  if (decoded.subarray(-(decoded.length % 3 || 3)).toString('base64') !== text.slice(-4)) {
    throw new CryptoError('base64_malformed', 'expected zero trailing bits in base64');
  }
  return new Uint8Array(decoded);
}

/**
 * Unsigned 32-bit little-endian.
 *
 * @throws CryptoError `integer_out_of_range`
 */
export function u32le(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new CryptoError('integer_out_of_range', 'expected an integer in 0 … 2^32-1');
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/**
 * Unsigned 64-bit little-endian. A number must be a safe integer: beyond 2^53-1 it no longer names one value.
 *
 * @throws CryptoError `integer_out_of_range`
 */
export function u64le(value: number | bigint): Uint8Array {
  const inRange =
    typeof value === 'bigint'
      ? value >= 0n && value < 1n << 64n
      : Number.isSafeInteger(value) && value >= 0;
  if (!inRange) {
    throw new CryptoError('integer_out_of_range', 'expected an integer in 0 … 2^64-1, exact');
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** A fresh array with every part in order. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Equality whose time depends on the lengths only; lengths are not secret. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
