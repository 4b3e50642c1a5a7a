// npx nx bench kernel-cpu                       n = k = 512, 1024, 2048: the kernels, their limit and their peers, interleaved
// npx nx bench kernel-cpu -- --sizes 1024       some of the widths only
// npx nx bench kernel-cpu -- --rounds 15        more rounds: medians of a busy machine settle
// npx nx bench kernel-cpu -- --large            m = 2^20 alone: the memory run, half a minute or more
// npx nx bench kernel-cpu -- --out FILE         where the JSON goes; dist/bench/kernel-cpu.json when absent
// npx nx bench kernel-cpu -- --require-goals    exit code 1 when a ratio misses its goal
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeBenchMachine } from '../src/index.ts';
import {
  attemptSubject,
  nativeSubjects,
  plainSubject,
  type AttemptSubject,
  type NativeSubjects,
} from './kernel-subjects.ts';
import { runMemoryBench } from './memory-bench.ts';
import { onnxPeer } from './onnx-peer.ts';
import {
  addFigure,
  addRatio,
  addRatioSamples,
  printReport,
  writeReport,
  type BenchReport,
} from './report.ts';
import { measure, measureInterleaved, type Sample, type Subject } from './subject.ts';

const SAMPLE_MS = 120;
/** Rows of an attempt: enough for every thread to have many pieces. */
const ATTEMPT_OPS = 4e10;

const { values } = parseArgs({
  options: {
    large: { type: 'boolean', default: false },
    sizes: { type: 'string', default: '1024,512,2048' },
    rounds: { type: 'string', default: '7' },
    out: { type: 'string' },
    'require-goals': { type: 'boolean', default: false },
  },
});
const workspace = process.env['NX_WORKSPACE_ROOT'] ?? process.cwd();
const roundCount = Number(values.rounds);

/** GEMM against the limit and the peers: one thread each, and two of ours. */
async function benchGemm(report: BenchReport, native: NativeSubjects, size: number): Promise<void> {
  const peer = await onnxPeer(join(workspace, 'libs/kernel-cpu/bench/peers'), size);
  if (peer) Object.assign(report.versions, { 'onnxruntime-node': peer.version });
  const subjects: Record<string, Subject> = {
    limit: native.limit,
    gemm1: await native.gemm(size, 1),
    ...(peer && { onnx: peer.subject }),
    gemm2: await native.gemm(size, 2),
    plain: plainSubject(size),
  };
  const samples: Partial<Record<string, Sample[]>> = await measureInterleaved(subjects, {
    roundCount,
    sampleMs: SAMPLE_MS,
  });
  for (const [name, subject] of Object.entries(subjects)) {
    addFigure(report, `${subject.name}, n = k = ${size}`, samples[name] ?? []);
    await subject.close?.();
  }
  const { gemm1: of } = samples;
  const isWatched = size !== 1024;
  const goal = (value: number) => (isWatched ? {} : { goal: value });
  const at = (name: string): string => `${name}, n = k = ${size}`;
  addRatio(report, at('native GEMM / limit, 1 thread'), {
    ...{ of, over: samples['limit'], by: 'cpu' },
    ...goal(0.85),
  });
  addRatio(report, at('native GEMM / onnxruntime, 1 thread'), {
    ...{ of, over: samples['onnx'], by: 'cpu' },
    ...goal(1.2),
  });
  addRatio(report, at('native GEMM, 2 threads / 1'), {
    ...{ of: samples['gemm2'], over: of, by: 'wall' },
    ...goal(1.7),
  });
  // Other work on the machine takes a second thread's core away, and not its share of processor time.
  addRatio(report, at('native GEMM per core, 2 threads / 1'), {
    ...{ of: samples['gemm2'], over: of, by: 'cpu' },
  });
}

/** Whole attempts on two threads against the multiplications in them. */
async function benchAttempts(
  report: BenchReport,
  native: NativeSubjects | string,
  size: number,
): Promise<void> {
  const m = Math.max(512, Math.round(ATTEMPT_OPS / (4 * size * size) / 64) * 64);
  const shape = { m, n: size, k: size };
  const wasm = await attemptSubject('wasm', shape, 2);
  const both =
    typeof native === 'string'
      ? {}
      : { native: await attemptSubject('native', shape, 2), gemm2: await native.gemm(size, 2) };
  const subjects: Record<string, Subject> = { ...both, wasm };
  for (const subject of Object.values(subjects)) await measure(subject, SAMPLE_MS);
  const samples: Record<string, Sample[]> = {};
  const wasmShares: number[] = [];
  for (let round = 0; round < roundCount; round++) {
    for (const [name, subject] of Object.entries(subjects)) {
      wasm.resetTimes();
      const start = performance.now();
      (samples[name] ??= []).push(await measure(subject, SAMPLE_MS));
      if (subject === wasm) wasmShares.push(gemmShare(wasm, performance.now() - start));
    }
  }
  for (const [name, subject] of Object.entries(subjects)) {
    if (name !== 'gemm2')
      addFigure(report, `${subject.name}, ${m}×${size}×${size}`, samples[name] ?? []);
    await subject.close?.();
  }
  const goal = size === 1024 ? { goal: 0.7 } : {};
  addRatio(report, `native attempt / GEMM alone, 2 threads, n = k = ${size}`, {
    ...{ of: samples['native'], over: samples['gemm2'], by: 'wall' },
    ...goal,
  });
  addRatio(report, `native attempt / GEMM alone, per core, 2 threads, n = k = ${size}`, {
    ...{ of: samples['native'], over: samples['gemm2'], by: 'cpu' },
  });
  // There are no WebAssembly multiplications alone to be had: what share of the wall clock its threads spend in them.
  const name = `WebAssembly attempt / its GEMM, 2 threads, n = k = ${size}`;
  addRatioSamples(report, name, wasmShares, { by: 'wall', ...goal });
  addRatio(report, `native attempt / WebAssembly attempt, 2 threads, n = k = ${size}`, {
    ...{ of: samples['native'], over: samples['wasm'], by: 'wall' },
  });
}

function gemmShare(subject: AttemptSubject, wallMs: number): number {
  return subject.gemmMs() / subject.kernel.threadCount / wallMs;
}

async function main(): Promise<void> {
  const native = nativeSubjects();
  const report: BenchReport = {
    schema: 1,
    bench: 'kernel-cpu',
    takenAt: new Date().toISOString(),
    machine: describeBenchMachine(workspace),
    versions: typeof native === 'string' ? {} : { native: native.isa },
    figures: {},
    ratios: {},
  };
  for (const size of values.sizes.split(',').map(Number)) {
    if (typeof native !== 'string') await benchGemm(report, native, size);
    await benchAttempts(report, native, size);
  }
  printReport(report);
  if (typeof native === 'string') console.log(`\nwithout the native kernel: ${native}`);
  else if (!('onnxruntime-node' in report.versions)) console.log('\nwithout onnxruntime-node');
  writeReport(report, values.out ?? join(workspace, 'dist/bench/kernel-cpu.json'));
  const isMissed = Object.values(report.ratios).some(({ value, goal = 0 }) => !(value >= goal));
  if (values['require-goals'] && isMissed) process.exitCode = 1;
}

await (values.large ? runMemoryBench() : main());
