// What runs in each worker thread; codegen.mjs bundles it to a string, so the pool needs no file at run time.
import { parentPort, workerData } from 'node:worker_threads';
import { retainedTreeLayout } from '@tops/kernel-spec';
import { computeReferenceLeaves } from '../reference/reference-kernel.ts';
import { referenceWeights } from '../reference/weights.ts';
import { WasmEngine, type StageTimes } from '../wasm/engine.ts';
import { instantiateKernel } from '../wasm/kernel-module.ts';
import {
  JobCounter,
  type SharedTask,
  type ThreadData,
  type ThreadReply,
  type ThreadTask,
} from './messages.ts';

const data = workerData as ThreadData;
const yieldTokens = new Int32Array(data.yieldTokens);
const engine = new WasmEngine(
  { threadIndex: data.threadIndex },
  { exports: instantiateKernel(data.module, data.memory), memory: data.memory },
);
const neverPause = (): undefined => undefined;

/** Takes one of the yield tokens, if any is left. */
function shouldYield(): boolean {
  for (let tokens = Atomics.load(yieldTokens, 0); tokens > 0;) {
    const seen = Atomics.compareExchange(yieldTokens, 0, tokens, tokens - 1);
    if (seen === tokens) return true;
    tokens = seen;
  }
  return false;
}

function runShared(task: SharedTask): void {
  const counters = new Int32Array(task.counters);
  const runPiece = pieceRunner(task);
  while (Atomics.load(counters, JobCounter.cancelled) === 0) {
    // Packing is what urgent work waits for, so it never yields.
    if (task.kind === 'commit' && shouldYield()) return;
    const piece = Atomics.add(counters, JobCounter.next, 1);
    if (piece >= task.pieceCount) return;
    runPiece(piece);
    const isLast = Atomics.add(counters, JobCounter.done, 1) + 1 === task.pieceCount;
    if (isLast && task.kind === 'commit') {
      const layout = retainedTreeLayout(task.attempt.shape.m, task.retainedNodeLimit);
      engine.foldUpperLevels(task.place, layout, new Uint8Array(task.tree));
    }
  }
}

function pieceRunner(task: SharedTask): (piece: number) => void {
  if (task.kind === 'pack') {
    return (piece) => {
      engine.packBlock(task.place, piece);
    };
  }
  const layout = retainedTreeLayout(task.attempt.shape.m, task.retainedNodeLimit);
  const tree = new Uint8Array(task.tree);
  return (piece) => {
    engine.commitPass(task, piece, layout, tree);
  };
}

async function runTask(task: ThreadTask): Promise<Uint8Array | undefined> {
  if (task.kind === 'leaves') return engine.computeLeaves(task.place, task.attempt, task.rows);
  if (task.kind === 'reference-leaves') {
    const { n, k } = task.attempt.shape;
    const weights = await referenceWeights(n, k, neverPause);
    return computeReferenceLeaves(task.attempt, task.rows, weights, neverPause);
  }
  runShared(task);
  return undefined;
}

async function answer(task: ThreadTask): Promise<ThreadReply> {
  const before: StageTimes = { ...engine.times };
  try {
    const leaves = await runTask(task);
    const times = {
      streamsMs: engine.times.streamsMs - before.streamsMs,
      gemmMs: engine.times.gemmMs - before.gemmMs,
      hashingMs: engine.times.hashingMs - before.hashingMs,
    };
    return { kind: 'done', times, ...(leaves && { leaves }) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

parentPort?.on('message', (task: ThreadTask) => {
  void answer(task).then((reply) => {
    parentPort?.postMessage(reply);
  });
});
