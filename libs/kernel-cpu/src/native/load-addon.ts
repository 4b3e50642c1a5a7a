import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ADDON_INTERFACE_VERSION, type NativeAddon } from './addon.ts';

/** - `addon_missing`: it was never built here. - `addon_failed`: it is there and cannot be used. */
export type AddonProblem = 'addon_missing' | 'addon_failed';

export type AddonResult =
  | { readonly ok: true; readonly addon: NativeAddon; readonly path: string }
  | { readonly ok: false; readonly code: AddonProblem; readonly reason: string };

const FILE_NAME = 'kernel_cpu.node';
const REASON_MAX = 300;

/** Beside the bundle of an application; in a checkout, where native/build-native.mjs puts it. */
function defaultPaths(): string[] {
  return [`./${FILE_NAME}`, `../../native/build/Release/${FILE_NAME}`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
}

/** What the build left in the addon's place (native/build-native.mjs). */
function whyMissing(): string {
  for (const path of defaultPaths()) {
    try {
      return readFileSync(path.replace(/\.node$/, '.txt'), 'utf8')
        .trim()
        .slice(0, REASON_MAX);
    } catch {
      // Not that place.
    }
  }
  return 'it is built at install where there is a C++ compiler';
}

/**
 * Loads the native addon. Never throws: whatever is wrong with it, there are other kernels.
 *
 * @param addonPath - instead of the usual places
 */
export function loadAddon(addonPath?: string): AddonResult {
  const path = (addonPath === undefined ? defaultPaths() : [addonPath]).find(existsSync);
  if (path === undefined) {
    return { ok: false, code: 'addon_missing', reason: `no native addon: ${whyMissing()}` };
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
