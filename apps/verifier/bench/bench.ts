// npx nx bench verifier                  probe, 30 s sustained, twice the best rate, recovery; a table, and JSON
// npx nx bench verifier -- --rate 1000   sustained at this rate rather than at 0.9 of the probed one
// npx nx bench verifier -- --kernel wasm  KERNEL_CPU of the verifier
// npx nx bench verifier -- --node-options='--cpu-prof --cpu-prof-dir=/tmp/profile'
// npx nx bench verifier -- --json FILE   where the JSON goes; dist/bench/verifier.json when absent
// npx nx bench verifier -- --cost        one receipt's verification against m instead
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  cpuKernelChoices,
  createCpuKernel,
  describeBenchMachine,
  type CpuKernelChoice,
} from '@tops/kernel-cpu';
import { measureVerifyCost } from './verify-cost.ts';
import { runBench } from './run.ts';
import { costReport, printCost, printRun, runReport } from './report.ts';
import { separateCores } from './cores.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'string' },
    cost: { type: 'boolean', default: false },
    kernel: { type: 'string', default: 'auto' },
    'node-options': { type: 'string', default: '' },
  },
});

function kernelChoice(text: string): CpuKernelChoice {
  const choice = cpuKernelChoices.find((known) => known === text);
  if (choice === undefined)
    throw new RangeError(`expected ${cpuKernelChoices.join(', ')}, got ${text}`);
  return choice;
}

const choice = kernelChoice(values.kernel);
const workspaceRoot = fileURLToPath(new URL('../../', import.meta.url));
const machine = describeBenchMachine(workspaceRoot);
const cores = separateCores();

function writeJson(bench: string, result: object): void {
  const path = resolve(values.json ?? join(workspaceRoot, `dist/bench/${bench}.json`));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `${JSON.stringify({ schema: 1, bench, machine, ...result }, undefined, 2)}\n`,
  );
  console.log(`\n${path}`);
}

if (values.cost) {
  const result = await measureVerifyCost(choice);
  printCost(machine, result);
  writeJson('verifier-cost', costReport(result));
} else {
  const dataDir = mkdtempSync(join(tmpdir(), 'tops-bench-verifier-'));
  const kernel = await createCpuKernel({ choice });
  try {
    const result = await runBench(
      {
        dataDir,
        cores,
        kernelChoice: choice,
        sustainedSeconds: Number(values.seconds),
        sustainedRate: values.rate === undefined ? undefined : Number(values.rate),
        nodeOptions: values['node-options'].split(' ').filter((option) => option !== ''),
      },
      { kernel, log: (line) => console.log(line) },
    );
    printRun(machine, result);
    writeJson('verifier', runReport(result));
    if (result.faults.length > 0) process.exitCode = 1;
  } finally {
    await kernel.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
