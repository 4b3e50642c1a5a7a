import { afterAll, describe } from '@jest/globals';
import { KernelError } from '@tops/kernel-spec';
import { findAdapter, type FoundAdapter } from '../src/device/adapter.ts';
import { openDevice, type DeviceSession } from '../src/device/device-session.ts';

/**
 * An adapter to run shaders on, or undefined where Vulkan is missing: then the specs skip, unless REQUIRE_WEBGPU=1 makes
 * that a failure.
 */
async function adapterUnderTest(): Promise<FoundAdapter | undefined> {
  try {
    return await findAdapter();
  } catch (error) {
    const isMissing = error instanceof KernelError && error.code === 'device_unavailable';
    if (!isMissing || process.env['REQUIRE_WEBGPU'] === '1') throw error;
    process.stderr.write(`skipped, no WebGPU: ${error.message}\n`);
    return undefined;
  }
}

const found = await adapterUnderTest();

/** `describe` where there is a device. */
export const describeGpu: typeof describe | typeof describe.skip = found ? describe : describe.skip;

/** One device for a spec file, destroyed after it. Await it at the top of the file. */
export async function openTestDevice(): Promise<{ session: () => DeviceSession }> {
  if (!found) {
    return {
      session: () => {
        throw new Error('no device');
      },
    };
  }
  const session = await openDevice(found);
  afterAll(() => {
    session.close();
  });
  return { session: () => session };
}
