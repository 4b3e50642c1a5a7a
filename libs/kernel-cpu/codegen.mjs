// Makes generated/ from the kernel's sources: the WebAssembly module and the thread's script, both as strings, so that
// they work the same under a test runner, in an application bundle and in a single executable. Run: npx nx codegen kernel-cpu
import { Buffer } from 'node:buffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { build } from 'esbuild';

const projectRoot = dirname(fileURLToPath(import.meta.url));
const outDir = join(projectRoot, 'generated');

/** Shared and imported memory of up to 4 GiB, no heap: every address is an argument (assembly/index.ts). */
async function compileAssembly() {
  let binary;
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--baseDir',
      projectRoot,
      '--outFile',
      'kernel.wasm',
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--noExportMemory',
      '--sharedMemory',
      '--maximumMemory',
      '65536',
      '--enable',
      'simd,threads,bulk-memory',
      // "Exchange of v128 values": those functions are not exported.
      '--disableWarning',
      '112',
    ],
    {
      writeFile: (_name, contents) => {
        binary = contents;
      },
    },
  );
  if (error) throw new Error(`AssemblyScript: ${error.message}\n${stderr.toString()}`);
  return binary;
}

async function bundleThread() {
  const { outputFiles } = await build({
    entryPoints: [join(projectRoot, 'src/pool/thread-entry.ts')],
    tsconfig: join(projectRoot, 'tsconfig.json'),
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
  });
  return outputFiles[0].text;
}

function writeModule(name, constant, text) {
  writeFileSync(
    join(outDir, name),
    `// Made by codegen.mjs.\nexport const ${constant} =\n  ${JSON.stringify(text)};\n`,
  );
}

mkdirSync(outDir, { recursive: true });
const wasm = await compileAssembly();
writeModule('wasm-module.ts', 'wasmModuleBase64', Buffer.from(wasm).toString('base64'));
const thread = await bundleThread();
writeModule('thread-source.ts', 'threadSource', thread);
process.stdout.write(`kernel.wasm ${wasm.length} bytes, thread ${thread.length} bytes\n`);
