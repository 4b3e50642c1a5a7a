/// <reference types="@webgpu/types" />
import { QUERY_RESOLVE_BUFFER, STAGING_BUFFER } from './buffer-usage.ts';

/** GPUQueryResolve writes one u64 of nanoseconds a query. */
const TIMESTAMP_BYTES = 8;

/** Timestamps of passes: written by the device, resolved by the last submission, then read. */
export interface TimestampBuffers {
  readonly queries: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly staging: GPUBuffer;
}

/** Create them inside error scopes, on a device with the feature `timestamp-query`. */
export function createTimestampBuffers(device: GPUDevice, count: number): TimestampBuffers {
  const size = count * TIMESTAMP_BYTES;
  return {
    queries: device.createQuerySet({ type: 'timestamp', count }),
    resolved: device.createBuffer({ size, usage: QUERY_RESOLVE_BUFFER }),
    staging: device.createBuffer({ size, usage: STAGING_BUFFER }),
  };
}

/** Makes the first `count` timestamps readable; after the passes that write them. */
export function resolveTimestamps(
  encoder: GPUCommandEncoder,
  { queries, resolved, staging }: TimestampBuffers,
  count: number,
): void {
  encoder.resolveQuerySet(queries, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * TIMESTAMP_BYTES);
}

export function timestampBytes(count: number): number {
  return count * TIMESTAMP_BYTES;
}

/**
 * Seconds from one timestamp to a later one.
 *
 * @param bytes - resolved timestamps, in nanoseconds
 * @returns NaN where the device wrote nothing, or time ran backwards: some drivers do after a change of clocks
 */
export function secondsBetween(bytes: Uint8Array, from: number, to: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getBigUint64(from * TIMESTAMP_BYTES, true);
  const end = view.getBigUint64(to * TIMESTAMP_BYTES, true);
  return start === 0n || end <= start ? Number.NaN : Number(end - start) / 1e9;
}

export function destroyTimestamps({ queries, resolved, staging }: TimestampBuffers): void {
  queries.destroy();
  resolved.destroy();
  staging.destroy();
}
