// Packs the bench into a folder that runs on a bare x86-64 Linux machine with a GPU driver: bundle, Node.js, Dawn, Vulkan
// loader. Copy dist/bench/kernel-webgpu-pack there and start run.sh; where Python has PyTorch it also measures the vendor's GEMM.
// --without-node leaves Node.js out, which is four fifths of the folder; `node` of the PATH, 20.19 or newer, then runs it.
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unpackSwiftShader } from '../test/software-vulkan.mjs';
import { bundleBench, outDir } from './bundle-bench.mjs';

const { values } = parseArgs({ options: { 'without-node': { type: 'boolean', default: false } } });
if (process.platform !== 'linux' || process.arch !== 'x64') {
  throw new Error(`expected x86-64 Linux, got ${process.platform} ${process.arch}`);
}
const benchDir = dirname(fileURLToPath(import.meta.url));
const packDir = join(outDir, 'kernel-webgpu-pack');
rmSync(packDir, { recursive: true, force: true });
mkdirSync(join(packDir, 'lib'), { recursive: true });

await bundleBench(join(packDir, 'bench.mjs'));
if (!values['without-node']) cpSync(process.execPath, join(packDir, 'node'), { dereference: true });
const dawn = join(benchDir, '../../../node_modules/webgpu');
for (const part of ['package.json', 'index.js', 'LICENSE.md', 'dist/linux-x64']) {
  cpSync(join(dawn, part), join(packDir, 'node_modules/webgpu', part), { recursive: true });
}
const vulkanDir = unpackSwiftShader();
if (vulkanDir === undefined) throw new Error('expected @sparticuz/chromium on x86-64 Linux');
cpSync(join(vulkanDir, 'libvulkan.so.1'), join(packDir, 'lib/libvulkan.so.1'));
for (const name of ['vendor-int-mm.py', 'run.sh'])
  cpSync(join(benchDir, name), join(packDir, name));
chmodSync(join(packDir, 'run.sh'), 0o755);

const sizes = readdirSync(packDir, { recursive: true }).map((name) =>
  statSync(join(packDir, name)),
);
const bytes = sizes.filter((each) => each.isFile()).reduce((sum, { size }) => sum + size, 0);
process.stdout.write(`${packDir}: ${Math.ceil(bytes / 2 ** 20)} MiB\n`);
