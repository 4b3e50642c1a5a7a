import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { matMulIntegerModel } from './onnx-model.ts';
import type { Subject } from './subject.ts';

/** The little of onnxruntime-node in use. */
interface OnnxRuntime {
  readonly Tensor: new (type: string, data: Uint8Array, dimensions: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<OnnxSession>;
  };
}
interface OnnxSession {
  run(inputs: Readonly<Record<string, unknown>>): Promise<{ y: { data: Int32Array } }>;
  release(): Promise<void>;
}

const OUTPUTS_CHECKED = 64;

/** @param peersDir - where run-bench.mjs installed it; undefined when it is not there. */
export async function onnxPeer(
  peersDir: string,
  size: number,
): Promise<{ readonly subject: Subject; readonly version: string } | undefined> {
  const manifest = `${peersDir}/package.json`;
  if (!existsSync(`${peersDir}/node_modules/onnxruntime-node`)) return undefined;
  const require = createRequire(manifest);
  const runtime = require('onnxruntime-node') as OnnxRuntime;
  const { version } = require('onnxruntime-node/package.json') as { readonly version: string };
  const sizes = { m: size, n: size, k: size };
  const weights = new Int8Array(size * size).map((_, i) => (Math.imul(i, 2654435761) >> 24) | 0);
  const left = new Uint8Array(size * size).map((_, i) => Math.imul(i, 40503) >> 8);
  const session = await runtime.InferenceSession.create(matMulIntegerModel(sizes, weights), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const inputs = { a: new runtime.Tensor('uint8', left, [size, size]) };
  requireEqual((await session.run(inputs)).y.data, left, weights, size);
  return {
    version,
    subject: {
      name: `onnxruntime ${version} MatMulInteger u8×i8`,
      ops: 2 * size ** 3,
      run: async () => {
        await session.run(inputs);
      },
      close: () => session.release(),
    },
  };
}

/** What is compared must be the same product: some of its outputs against the plain loop. */
function requireEqual(got: Int32Array, left: Uint8Array, weights: Int8Array, size: number): void {
  for (let i = 0; i < OUTPUTS_CHECKED; i++) {
    const row = (i * 7919) % size;
    const column = (i * 104_729) % size;
    let sum = 0;
    for (let t = 0; t < size; t++) {
      sum += ((left[row * size + t] ?? 0) - 128) * (weights[t * size + column] ?? 0);
    }
    const value = got[row * size + column];
    if (value !== sum) throw new Error(`onnxruntime: expected ${sum}, got ${value}`);
  }
}
