// Bundles bench.ts and runs it here. --software takes SwiftShader from npm where the machine has no GPU.
import { join } from 'node:path';
import process from 'node:process';
import { loadSoftwareVulkan } from '../test/software-vulkan.mjs';
import { bundleBench, outDir } from './bundle-bench.mjs';

const bundle = await bundleBench(join(outDir, 'kernel-webgpu.mjs'));
if (process.argv.includes('--software')) loadSoftwareVulkan();
if (!process.argv.some((arg) => arg === '--json' || arg.startsWith('--json='))) {
  process.argv.push('--json', join(outDir, 'kernel-webgpu.json'));
}
await import(bundle);
