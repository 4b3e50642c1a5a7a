// Vulkan without a GPU and without a system package: SwiftShader and a Vulkan loader, as they lie in the npm package
// @sparticuz/chromium. Dawn opens "libvulkan.so.1" by name, so a copy loaded before it is the one it finds.
import {
  mkdirSync,
  mkdtempSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { URL, fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));
const wanted = new Set(['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json']);
// glibc's bits/dlfcn.h; Node.js has no name for it. Unloading a driver whose threads live ends in a crash.
const RTLD_NODELETE = 0x1000;

/** The regular files of a ustar archive (POSIX.1-1988 header), by base name. */
function* tarFiles(archive) {
  const text = (start, length) => archive.toString('latin1', start, start + length).split('\0')[0];
  for (let header = 0; header + 512 <= archive.length && archive[header] !== 0;) {
    const size = Number.parseInt(text(header + 124, 12), 8);
    const isFile = ['0', ''].includes(text(header + 156, 1));
    if (isFile)
      yield [basename(text(header, 100)), archive.subarray(header + 512, header + 512 + size)];
    header += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Unpacks SwiftShader and the loader once into node_modules/.cache. @returns their folder, or undefined where there is none */
export function unpackSwiftShader() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  let packageDir;
  try {
    const entry = createRequire(join(workspaceRoot, 'package.json')).resolve('@sparticuz/chromium');
    packageDir = entry.slice(0, entry.lastIndexOf('chromium') + 'chromium'.length);
  } catch {
    return undefined;
  }
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  const cacheDir = join(workspaceRoot, 'node_modules/.cache', `swiftshader-${version}`);
  if (existsSync(cacheDir)) return cacheDir;
  mkdirSync(dirname(cacheDir), { recursive: true });
  const scratchDir = mkdtempSync(`${cacheDir}-`);
  const archive = brotliDecompressSync(readFileSync(join(packageDir, 'bin/swiftshader.tar.br')));
  for (const [name, bytes] of tarFiles(archive)) {
    if (wanted.has(name)) writeFileSync(join(scratchDir, name), bytes, { mode: 0o755 });
  }
  try {
    renameSync(scratchDir, cacheDir);
  } catch (error) {
    // Another process was quicker: what it wrote is the same.
    rmSync(scratchDir, { recursive: true });
    if (!existsSync(cacheDir)) throw error;
  }
  return cacheDir;
}

/**
 * Makes SwiftShader this process's Vulkan. Must run before the first import of `webgpu`, in the process's own realm (a jest
 * environment, not a spec). SYSTEM_VULKAN=1 leaves the machine's drivers in place.
 *
 * @returns whether Vulkan comes from the package
 */
export function loadSoftwareVulkan() {
  if (process.env.SYSTEM_VULKAN === '1') return false;
  const folder = unpackSwiftShader();
  if (folder === undefined) return false;
  process.env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json');
  try {
    process.dlopen(
      { exports: {} },
      join(folder, 'libvulkan.so.1'),
      constants.dlopen.RTLD_NOW | RTLD_NODELETE,
    );
  } catch (error) {
    // It is no Node.js addon, which dlopen says only after it has loaded the library.
    if (!String(error.message).includes('did not self-register')) throw error;
  }
  return true;
}
