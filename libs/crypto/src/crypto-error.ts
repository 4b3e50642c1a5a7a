/** Closed set of reasons a helper of this library refuses its argument. */
export type CryptoErrorCode =
  | 'hex_malformed'
  | 'base64_malformed'
  | 'did_malformed'
  | 'integer_out_of_range'
  | 'length_invalid'
  | 'leaf_count_invalid'
  | 'rows_invalid';

/** Thrown for input that a caller should have parsed before; `message` never repeats the refused bytes. */
export class CryptoError extends Error {
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string) {
    super(message);
    this.name = 'CryptoError';
    this.code = code;
  }
}

/** @throws CryptoError `length_invalid` unless `bytes` is a Uint8Array of exactly `byteLength` bytes. */
export function requireByteLength(name: string, bytes: Uint8Array, byteLength: number): void {
  if (!(bytes instanceof Uint8Array) || bytes.length !== byteLength) {
    throw new CryptoError(
      'length_invalid',
      `${name}: expected ${byteLength} bytes, got ${bytes instanceof Uint8Array ? bytes.length : typeof bytes}`,
    );
  }
}
