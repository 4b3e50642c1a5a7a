import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ADDON_INTERFACE_VERSION, type NativeAddon } from './addon.ts';

/** - `addon_missing`: it was never built here. - `addon_failed`: it is there and cannot be used. */
export type AddonProblem = 'addon_missing' | 'addon_failed';

export type AddonResult =
  | { readonly ok: true; readonly addon: NativeAddon; readonly path: string }
  | { readonly ok: false; readonly code: AddonProblem; readonly reason: string };

const FILE_NAME = 'kernel_cpu.node';

/** Beside the bundle of an application; in a checkout, where native/build-native.mjs puts it. */
function defaultPaths(): string[] {
  return [`./${FILE_NAME}`, `../../native/build/Release/${FILE_NAME}`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
}

/**
 * Loads the native addon. Never throws: whatever is wrong with it, there are other kernels.
 *
 * @param addonPath - instead of the usual places
 */
export function loadAddon(addonPath?: string): AddonResult {
  const path = (addonPath === undefined ? defaultPaths() : [addonPath]).find(existsSync);
  if (path === undefined) {
    const reason = 'no native addon: it is built at install where there is a C++ compiler';
    return { ok: false, code: 'addon_missing', reason };
  }
  const module = { exports: {} as NativeAddon };
  try {
    process.dlopen(module, path, constants.dlopen.RTLD_NOW);
  } catch (error) {
    const reason = `${path}: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, code: 'addon_failed', reason };
  }
  const { interfaceVersion } = module.exports;
  if (interfaceVersion !== ADDON_INTERFACE_VERSION) {
    const reason = `${path}: expected interface ${ADDON_INTERFACE_VERSION}, got ${interfaceVersion}; build it anew`;
    return { ok: false, code: 'addon_failed', reason };
  }
  return { ok: true, addon: module.exports, path };
}
