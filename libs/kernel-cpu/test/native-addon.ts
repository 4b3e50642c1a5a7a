import { describe, it } from '@jest/globals';
import type { NativeAddon } from '../src/native/addon.ts';
import { loadAddon } from '../src/native/load-addon.ts';

/** Another build of the addon than the usual one, such as that with sanitizers (test/run-sanitizers.mjs). */
export const testAddonPath = process.env['KERNEL_CPU_TEST_ADDON'];

const place = testAddonPath === undefined ? {} : { addonPath: testAddonPath };
const loaded = loadAddon(testAddonPath);
const isDemanded = process.env['REQUIRE_NATIVE_KERNEL'] === '1' || testAddonPath !== undefined;
if (!loaded.ok && isDemanded) throw new Error(loaded.reason);

/** Undefined where it was not built; specs then skip, and count as skipped. */
export const addon: NativeAddon | undefined = loaded.ok ? loaded.addon : undefined;

/** Options of the kernels that do the work, for `describe.each`; native only where it was built. */
export const fastKernels = [
  { choice: 'wasm' } as const,
  ...(addon ? [{ choice: 'native', ...place } as const] : []),
];

/** A `describe` for what needs the addon. */
export function describeNative(name: string, body: (addon: NativeAddon) => void): void {
  if (addon) {
    describe(name, () => {
      body(addon);
    });
  } else {
    describe.skip(`${name} (no addon)`, () => {
      it('works', () => undefined);
    });
  }
}
