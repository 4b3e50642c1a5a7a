import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeNative, testAddonPath } from '../test/native-addon.ts';
import { createCpuKernel, listNativeIsas } from './cpu-kernel.ts';
import type { NativeAddon } from './native/addon.ts';

const directory = mkdtempSync(join(tmpdir(), 'tops-addon-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function selectionOf(...args: Parameters<typeof createCpuKernel>) {
  const kernel = await createCpuKernel({ threadCount: 1, ...args[0] }, args[1]);
  await kernel.close();
  return { ...kernel.selection, driverHint: kernel.driverHint };
}

describe('the choice of a CPU kernel', () => {
  it('takes WebAssembly without looking at the addon, and the reference likewise', async () => {
    const loadAddon = () => {
      throw new Error('not to be called');
    };
    expect(await selectionOf({ choice: 'wasm' }, { loadAddon })).toEqual({
      kernel: 'wasm',
      driverHint: 'cpu:wasm-simd',
    });
    expect(await selectionOf({ choice: 'reference' }, { loadAddon })).toEqual({
      kernel: 'reference',
      driverHint: 'cpu:reference',
    });
  });

  it('falls back when there is no addon, and says so; native demanded is an error', async () => {
    const addonPath = join(directory, 'missing.node');
    expect(await selectionOf({ addonPath })).toMatchObject({
      kernel: 'wasm',
      fallback: { code: 'addon_missing', reason: expect.stringContaining('no native addon') },
    });
    await expect(createCpuKernel({ addonPath, choice: 'native' })).rejects.toMatchObject({
      name: 'KernelError',
      code: 'addon_unavailable',
    });
    expect(listNativeIsas(addonPath)).toEqual([]);
  });

  it('falls back when the file is no addon, with the reason', async () => {
    const addonPath = join(directory, 'text.node');
    writeFileSync(addonPath, 'no library');
    const { kernel, fallback } = await selectionOf({ addonPath });
    expect(kernel).toBe('wasm');
    expect(fallback).toMatchObject({ code: 'addon_failed' });
    expect(fallback?.reason).toContain(addonPath);
    await expect(createCpuKernel({ addonPath, choice: 'native' })).rejects.toMatchObject({
      code: 'addon_unavailable',
    });
  });
});

describeNative('the choice of a CPU kernel where the addon was built', (addon) => {
  const place = testAddonPath === undefined ? {} : { addonPath: testAddonPath };

  it('takes the best instruction set of the machine', async () => {
    const [isa] = listNativeIsas(testAddonPath);
    const expected = { kernel: 'native', isa, driverHint: `cpu:native-${isa}` };
    expect(await selectionOf({ ...place })).toEqual(expected);
    expect(await selectionOf({ choice: 'native', ...place })).toEqual(expected);
  });

  it.each(listNativeIsas(testAddonPath))('computes by %s when told to', async (isa) => {
    expect(await selectionOf({ isa, ...place })).toMatchObject({ kernel: 'native', isa });
  });

  it('knows no other instruction set', async () => {
    for (const isa of ['avx9', 'generic\0', '']) {
      const made = createCpuKernel({ choice: 'native', isa, ...place });
      if (isa === '') await (await made).close();
      else await expect(made).rejects.toMatchObject({ code: 'addon_unavailable' });
    }
  });

  /** The addon with something put in the place of its kernel. */
  const withKernel = (NativeKernel: unknown) => () =>
    ({ ok: true, addon: { ...addon, NativeKernel } as NativeAddon, path: '' }) as const;

  it('falls back when the addon computes one bit wrong', async () => {
    class Wrong extends addon.NativeKernel {
      override takeResult(out: Uint8Array): void {
        super.takeResult(out);
        out[out.length - 1]! ^= 1;
      }
    }
    const loadAddon = withKernel(Wrong);
    expect(await selectionOf({}, { loadAddon })).toMatchObject({
      kernel: 'wasm',
      fallback: { code: 'self_test_failed' },
    });
    await expect(createCpuKernel({ choice: 'native' }, { loadAddon })).rejects.toMatchObject({
      code: 'self_test_failed',
    });
    const control = withKernel(class extends addon.NativeKernel {});
    expect(await selectionOf({}, { loadAddon: control })).toMatchObject({ kernel: 'native' });
  });

  it('falls back when threads cannot be started', async () => {
    class Threadless {
      constructor() {
        throw Object.assign(new Error('no threads'), { code: 'thread_failed' });
      }
    }
    expect(await selectionOf({}, { loadAddon: withKernel(Threadless) })).toMatchObject({
      kernel: 'wasm',
      fallback: { code: 'addon_failed', reason: expect.stringContaining('no threads') },
    });
  });
});
