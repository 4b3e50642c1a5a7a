// However a process or a worker thread ends with work in flight, it ends, and by its own exit code.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { describeNative, testAddonPath } from '../native-addon.ts';

const addonPath =
  testAddonPath ??
  fileURLToPath(new URL('../../native/build/Release/kernel_cpu.node', import.meta.url));
const busyKernel = `
  const module_ = { exports: {} };
  process.dlopen(module_, ${JSON.stringify(addonPath)});
  globalThis.kernel = new module_.exports.NativeKernel(2, '', () => globalThis.onSettled?.());
  const weights = kernel.createWeights(1024, 1024);
  kernel.submitPack(weights, new Uint8Array(64));
  kernel.submitCommit(weights, 1024, 1024, 2 ** 20, new Uint8Array(32), 6);
`;

function run(script: string) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, signal, stdout: stdout.trim(), stderr: stderr.trim() };
}
const clean = { signal: null, stderr: '' };

describeNative('a process with native work in flight', () => {
  it('ends by process.exit', () => {
    expect(run(`${busyKernel} setTimeout(() => process.exit(7), 50);`)).toMatchObject({
      ...clean,
      status: 7,
    });
  });

  it('ends by an error nobody caught', () => {
    const { status, signal, stderr } = run(`${busyKernel} setTimeout(() => { throw 'x'; }, 50);`);
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(stderr).toContain('x');
  });

  it('ends by an error thrown while it hears of a job', () => {
    const { status, signal } = run(`${busyKernel} globalThis.onSettled = () => { throw 'x'; };`);
    expect({ status, signal }).toEqual({ status: 1, signal: null });
  });

  it('ends by itself once the kernel is closed, or has nothing to do', () => {
    expect(run(`${busyKernel} setTimeout(() => kernel.close(), 50);`)).toMatchObject({
      ...clean,
      status: 0,
    });
    const idle = run(`${busyKernel.replace(/kernel\.submitCommit.*/, '')} console.log('idle');`);
    expect(idle).toMatchObject({ ...clean, status: 0, stdout: 'idle' });
  });

  it('does not end while a job is pending', () => {
    const small = busyKernel.replace('2 ** 20', '8192');
    const pending = run(
      `${small} let n = 0; globalThis.onSettled = () => console.log('settled ' + ++n);`,
    );
    expect(pending).toMatchObject({ ...clean, status: 0, stdout: 'settled 1\nsettled 2' });
  });

  it('may terminate a worker thread that has it', () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const source = ${JSON.stringify(busyKernel)} + 'require("node:worker_threads").parentPort.postMessage(1);';
      let left = 4;
      for (let i = 0; i < 4; i++) {
        const worker = new Worker(source, { eval: true });
        worker.on('message', async () => {
          await worker.terminate();
          if (--left === 0) console.log('terminated');
        });
      }
    `;
    expect(run(script)).toMatchObject({ ...clean, status: 0, stdout: 'terminated' });
  });

  it('collects kernels that nobody closed', () => {
    const script = `
      ${busyKernel.replace('2 ** 20', '64')}
      globalThis.onSettled = () => { globalThis.kernel = undefined; setTimeout(() => { gc(); gc(); console.log('collected'); }, 50); };
    `;
    const { status, signal } = spawnSync(process.execPath, ['--expose-gc', '-e', script], {
      timeout: 20_000,
    });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });
});
