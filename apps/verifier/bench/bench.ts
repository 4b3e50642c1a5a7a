// npx nx bench verifier                  probe, 30 s sustained, twice the best rate, recovery; a table, and JSON
// npx nx bench verifier -- --rate 1000   sustained at this rate rather than at 0.9 of the probed one
// npx nx bench verifier -- --kernel wasm  KERNEL_CPU of the verifier
// npx nx bench verifier -- --node-options='--cpu-prof --cpu-prof-dir=/tmp/profile'
// npx nx bench verifier -- --json FILE   where the JSON goes; dist/bench/verifier.json when absent
// npx nx bench verifier -- --cost        one receipt's verification against m instead
// npx nx bench verifier -- --replicas    1, 2 and 3 verifiers on one PostgreSQL against the embedded ledger instead
//                                        (--rounds 3, --seconds 10 of each measurement)
// npx nx bench verifier -- --reads       pages of a ledger of a million receipts, on both ledgers, instead
//                                        (--receipts 1000000 --keys 1000 --epochs 100; some minutes and 3 GB of disk)
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
  type CpuKernel,
  type CpuKernelChoice,
} from '@tops/kernel-cpu';
import { measureVerifyCost } from './verify-cost.ts';
import { runBench } from './run.ts';
import { costReport, printCost, printRun, runReport } from './report.ts';
import { separateCores } from './cores.ts';
import { runReadBench } from './reads.ts';
import { runReplicaBench } from './replicas.ts';
import { printReads, printReplicas, readsReport, replicasReport } from './replicas-report.ts';

const { values } = parseArgs({
  options: {
    rate: { type: 'string' },
    seconds: { type: 'string' },
    json: { type: 'string' },
    cost: { type: 'boolean', default: false },
    replicas: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    reads: { type: 'boolean', default: false },
    receipts: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '1000' },
    epochs: { type: 'string', default: '100' },
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

function writeJson(bench: string, result: object): void {
  const path = resolve(values.json ?? join(workspaceRoot, `dist/bench/${bench}.json`));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `${JSON.stringify({ schema: 1, bench, machine, ...result }, undefined, 2)}\n`,
  );
  console.log(`\n${path}`);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`expected a whole number from 1 on, got ${text}`);
  }
  return value;
}

const log = (line: string): void => {
  console.log(line);
};

async function benchLoad(dataDir: string, kernel: CpuKernel): Promise<readonly string[]> {
  const result = await runBench(
    {
      dataDir,
      cores: separateCores(),
      kernelChoice: choice,
      sustainedSeconds: Number(values.seconds ?? '30'),
      sustainedRate: values.rate === undefined ? undefined : Number(values.rate),
      nodeOptions: values['node-options'].split(' ').filter((option) => option !== ''),
    },
    { kernel, log },
  );
  printRun(machine, result);
  writeJson('verifier', runReport(result));
  return result.faults;
}

async function benchReplicas(dataDir: string, kernel: CpuKernel): Promise<readonly string[]> {
  const roundCount = count(values.rounds);
  const seconds = Number(values.seconds ?? '10');
  const result = await runReplicaBench(
    { dataDir, kernelChoice: choice, roundCount, seconds },
    { kernel, log },
  );
  printReplicas(machine, result);
  writeJson('verifier-replicas', replicasReport(result));
  return result.faults;
}

async function benchReads(dataDir: string): Promise<void> {
  const size = {
    receiptCount: count(values.receipts),
    keyCount: count(values.keys),
    epochCount: count(values.epochs),
  };
  const result = await runReadBench({ dataDir, kernelChoice: choice, size }, { log });
  printReads(machine, result);
  writeJson('verifier-reads', readsReport(result));
}

if (values.cost) {
  const result = await measureVerifyCost(choice);
  printCost(machine, result);
  writeJson('verifier-cost', costReport(result));
} else {
  const dataDir = mkdtempSync(join(tmpdir(), 'tops-bench-verifier-'));
  const kernel = values.reads ? undefined : await createCpuKernel({ choice });
  try {
    if (kernel === undefined) await benchReads(dataDir);
    else {
      const faults = await (values.replicas ? benchReplicas : benchLoad)(dataDir, kernel);
      if (faults.length > 0) process.exitCode = 1;
    }
  } finally {
    await kernel?.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
