// Packs the bench into a folder that runs on a bare x86-64 Linux machine with a GPU driver: bundle, Node.js, Dawn, Vulkan
// loader. Copy dist/bench/kernel-webgpu-pack there and start run.sh; vendor-int-mm.py measures the vendor's GEMM beside it.
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { unpackSwiftShader } from '../test/software-vulkan.mjs';
import { bundleBench, outDir } from './bundle-bench.mjs';

const benchDir = dirname(fileURLToPath(import.meta.url));
const packDir = join(outDir, 'kernel-webgpu-pack');
rmSync(packDir, { recursive: true, force: true });
mkdirSync(join(packDir, 'lib'), { recursive: true });

await bundleBench(join(packDir, 'bench.mjs'));
cpSync(process.execPath, join(packDir, 'node'));
const dawn = join(benchDir, '../../../node_modules/webgpu');
for (const part of ['package.json', 'index.js', 'LICENSE.md', 'dist/linux-x64']) {
  cpSync(join(dawn, part), join(packDir, 'node_modules/webgpu', part), { recursive: true });
}
const vulkanDir = unpackSwiftShader();
if (vulkanDir === undefined) throw new Error('expected @sparticuz/chromium on x86-64 Linux');
cpSync(join(vulkanDir, 'libvulkan.so.1'), join(packDir, 'lib/libvulkan.so.1'));
cpSync(join(benchDir, 'vendor-int-mm.py'), join(packDir, 'vendor-int-mm.py'));
writeFileSync(
  join(packDir, 'run.sh'),
  `#!/bin/sh
# Usage: run.sh [--shapes "m,n,k;…"] [--adapter NAME] [--json FILE]; see bench.mjs. The machine's own loader comes first.
here=$(cd "$(dirname "$0")" && pwd)
export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
exec "$here/node" "$here/bench.mjs" "$@"
`,
);
chmodSync(join(packDir, 'run.sh'), 0o755);
process.stdout.write(`${packDir}\n`);
