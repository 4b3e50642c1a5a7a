import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { removeUnfinished, splitLines, writeFileWhole } from './index.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tops-archive-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function* eachOf<T>(items: readonly T[], failure?: Error): AsyncGenerator<T> {
  yield* items;
  if (failure !== undefined) throw failure;
}

describe('writeFileWhole', () => {
  it('writes everything, making the directory', async () => {
    const path = join(directory, 'new', 'a.jsonl');
    const chunks = Array.from({ length: 300 }, (_, index) => `${index} ${'ü'.repeat(1000)}\n`);
    const byteCount = await writeFileWhole(path, eachOf(chunks));
    const text = await readFile(path, 'utf8');
    expect(text).toBe(chunks.join(''));
    expect(byteCount).toBe(Buffer.byteLength(text));
    expect(await readdir(join(directory, 'new'))).toEqual(['a.jsonl']);
  });

  it.each([
    ['the source fails', eachOf(['x'], new Error('gone')), undefined],
    ['the check refuses', eachOf(['x']), () => Promise.reject(new Error('gone'))],
  ])('leaves what was there when %s', async (_name, chunks, check) => {
    const path = join(directory, 'a.jsonl');
    await writeFile(path, 'before');
    await expect(writeFileWhole(path, chunks, check)).rejects.toThrow('gone');
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(directory)).toEqual(['a.jsonl']);
  });

  it('lets the check read what is about to be there', async () => {
    const path = join(directory, 'a.jsonl');
    await writeFileWhole(path, eachOf(['text']), async (temporary) => {
      expect(await readFile(temporary, 'utf8')).toBe('text');
      await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
});

describe('removeUnfinished', () => {
  it('removes what a crash left of that file, and nothing else', async () => {
    const kept = ['a.jsonl', '.b.jsonl.0123456789ab.tmp', '.a.jsonl.txt', 'a.jsonl.tmp'];
    for (const name of [...kept, '.a.jsonl.0123456789ab.tmp', '.a.jsonl.ba9876543210.tmp']) {
      await writeFile(join(directory, name), '');
    }
    await removeUnfinished(join(directory, 'a.jsonl'));
    expect((await readdir(directory)).sort()).toEqual([...kept].sort());
    await removeUnfinished(join(directory, 'new', 'a.jsonl'));
    expect(await readdir(join(directory, 'new'))).toEqual([]);
  });
});

describe('splitLines', () => {
  it('gives the same lines however the bytes arrive, each within its bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'bc', '\n', 'ü', 'dddd'), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        async (parts, chunkBytes, bytesMax) => {
          const bytes = Buffer.from(parts.join(''));
          const chunks: Uint8Array[] = [];
          for (let start = 0; start < bytes.length; start += chunkBytes) {
            chunks.push(bytes.subarray(start, start + chunkBytes));
          }
          const got = [];
          for await (const line of splitLines(eachOf(chunks), { bytesMax })) got.push(line);
          const text = bytes.toString('latin1');
          const expected = text.split('\n').map((line, index, all) => ({
            text: line.slice(0, bytesMax),
            terminated: index < all.length - 1,
          }));
          if (expected.at(-1)?.text === '') expected.pop();
          expect(
            got.map((line) => ({
              text: Buffer.from(line.bytes).toString('latin1'),
              terminated: line.terminated,
            })),
          ).toEqual(expected);
        },
      ),
      fcParameters(),
    );
  });
});
