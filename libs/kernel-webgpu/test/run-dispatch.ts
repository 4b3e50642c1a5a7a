import type { DeviceSession } from '../src/device/device-session.ts';
import { STAGING_BUFFER, STORAGE_BUFFER, UNIFORM_BUFFER } from '../src/device/buffer-usage.ts';
import { ParamsWriter, encodeDispatch, type Dispatch } from '../src/device/dispatch.ts';

/** A storage buffer that holds `bytes`, or so many zero bytes. */
export function storageBuffer(
  session: DeviceSession,
  content: number | ArrayBufferView,
): GPUBuffer {
  const size = typeof content === 'number' ? content : content.byteLength;
  const buffer = session.device.createBuffer({ size, usage: STORAGE_BUFFER });
  if (typeof content !== 'number') {
    session.device.queue.writeBuffer(
      buffer,
      0,
      content.buffer as ArrayBuffer,
      content.byteOffset,
      content.byteLength,
    );
  }
  return buffer;
}

/** Runs one dispatch by itself. @returns the bytes of `result` afterwards */
export async function runDispatch(
  session: DeviceSession,
  result: GPUBuffer,
  makeDispatch: (params: ParamsWriter) => Dispatch,
): Promise<Uint8Array> {
  const { device } = session;
  const uniforms = device.createBuffer({ size: 4096, usage: UNIFORM_BUFFER });
  const staging = device.createBuffer({ size: result.size, usage: STAGING_BUFFER });
  await session.submit(() => {
    const params = new ParamsWriter(device, uniforms);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatch(device, pass, makeDispatch(params));
    pass.end();
    encoder.copyBufferToBuffer(result, 0, staging, 0, result.size);
    params.flush();
    return encoder.finish();
  });
  return session.read(staging, result.size);
}
