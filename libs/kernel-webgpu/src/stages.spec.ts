/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { beforeAll, expect, it } from '@jest/globals';
import { leafHash, weightsKey } from '@tops/kernel-spec';
import { seededBytes } from '@tops/testing';
import { describeGpu, openTestDevice } from '../test/gpu.ts';
import { runDispatch, storageBuffer } from '../test/run-dispatch.ts';
import { Stages, chunksOf } from './stages.ts';
import { CHUNK_END, CHUNK_START, IV, KEYED_HASH, PARENT, ROOT, wordsOf } from './twins/blake3.ts';
import { hashPairs } from './twins/hash-pairs.ts';
import { leafChunks } from './twins/leaf-chunks.ts';
import { operandStream } from './twins/operand-stream.ts';
import { transposedWeights } from './twins/weights.ts';

const { session } = await openTestDevice();
const key = seededBytes(1, 32);

describeGpu('the stages around the layers equal their twins', () => {
  let stages: Stages;
  beforeAll(async () => {
    stages = await Stages.compile(session());
  });

  it.each([
    { rows: [0, 1, 2, 3, 4], k: 64 },
    { rows: [2 ** 24 - 2, 2 ** 24 - 1], k: 960 },
    { rows: [7], k: 16_384 },
  ])('operand-stream: rows $rows in order, k=$k', async ({ rows, k }) => {
    const operand = storageBuffer(session(), rows.length * k);
    const got = await runDispatch(session(), operand, (params) =>
      stages.operandStream(params, {
        key,
        k,
        firstRow: rows[0]!,
        rowCount: rows.length,
        gather: false,
        rows: storageBuffer(session(), 4),
        operand,
      }),
    );
    expect(new Int8Array(got.buffer)).toEqual(operandStream(key, rows, k));
  });

  it('operand-stream: rows in any order', async () => {
    const rows = [900, 3, 3, 2 ** 24 - 1, 0];
    const operand = storageBuffer(session(), rows.length * 128);
    const got = await runDispatch(session(), operand, (params) =>
      stages.operandStream(params, {
        key,
        k: 128,
        firstRow: 17,
        rowCount: rows.length,
        gather: true,
        rows: storageBuffer(session(), Uint32Array.from(rows)),
        operand,
      }),
    );
    expect(new Int8Array(got.buffer)).toEqual(operandStream(key, rows, 128));
  });

  it.each([
    { layer: 1 as const, depth: 64, columnCount: 64 },
    { layer: 1 as const, depth: 192, columnCount: 320 },
    { layer: 2 as const, depth: 320, columnCount: 128 },
  ])('weights: layer $layer, $depth×$columnCount', async ({ layer, depth, columnCount }) => {
    const weights = storageBuffer(session(), depth * columnCount);
    const got = await runDispatch(session(), weights, (params) =>
      stages.weights(params, { key: weightsKey(layer), depth, columnCount, weights }),
    );
    expect(new Int8Array(got.buffer)).toEqual(
      transposedWeights(weightsKey(layer), depth, columnCount),
    );
  });

  it.each([64, 960, 1024, 2048, 4096])('leaf-chunks: rows of %i bytes', async (n) => {
    const rows = seededBytes(n, 3 * n).map((byte) => byte & 127);
    const nodes = storageBuffer(session(), 3 * chunksOf(n) * 32);
    const got = await runDispatch(session(), nodes, (params) =>
      stages.leafChunks(params, {
        key,
        n,
        rowCount: 3,
        rows: storageBuffer(session(), rows),
        nodes,
      }),
    );
    expect(new Uint32Array(got.buffer)).toEqual(leafChunks(key, rows, n));
    if (n <= 1024) expect(got.subarray(0, 32)).toEqual(leafHash(key, rows.subarray(0, n)));
  });

  it.each([
    { tree: 'Merkle', words: IV, flags: CHUNK_START | CHUNK_END | ROOT, childCount: 6 },
    { tree: 'Merkle', words: IV, flags: CHUNK_START | CHUNK_END | ROOT, childCount: 7 },
    { tree: 'Merkle', words: IV, flags: CHUNK_START | CHUNK_END | ROOT, childCount: 1 },
    { tree: 'chunk', words: wordsOf(key), flags: PARENT | KEYED_HASH, childCount: 130 },
  ])('hash-pairs: $childCount nodes of a $tree tree', async ({ words, flags, childCount }) => {
    const children = wordsOf(seededBytes(childCount, childCount * 32));
    const parentCount = Math.ceil(childCount / 2);
    const nodes = storageBuffer(session(), (childCount + parentCount) * 32);
    session().device.queue.writeBuffer(nodes, 0, children as Uint32Array<ArrayBuffer>);
    const got = await runDispatch(session(), nodes, (params) =>
      stages.hashPairs(params, {
        key: words,
        flags,
        childOffset: 0,
        childCount,
        parentOffset: childCount,
        nodes,
      }),
    );
    const parents = new Uint32Array(got.buffer).subarray(childCount * 8);
    expect(parents).toEqual(hashPairs(words, children, flags));
  });
});
