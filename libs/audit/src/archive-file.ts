import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { concatBytes } from '@tops/crypto';

/** Written at a time: receipts are small, and one call for each would cost more than the rest. */
const WRITE_BYTES = 256 * 1024;

/**
 * Writes text so that the file is there whole or not at all, also after a power failure: into a temporary file beside it,
 * to the disk, then renamed. An existing file is replaced.
 *
 * @param check - is given the temporary file's path; when it throws, nothing stays.
 * @returns bytes written.
 */
export async function writeFileWhole(
  path: string,
  chunks: AsyncIterable<string>,
  check: (temporaryPath: string) => Promise<void> = async () => undefined,
): Promise<number> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = join(
    directory,
    `${temporaryPrefix(path)}${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    const file = await open(temporary, 'wx', 0o644);
    let byteCount: number;
    try {
      byteCount = await writeChunks(file, chunks);
      await file.sync();
    } finally {
      await file.close();
    }
    await check(temporary);
    await rename(temporary, path);
    await syncDirectory(directory);
    return byteCount;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes what crashes of {@link writeFileWhole} left of this path. Only for who knows that nobody is writing it now. */
export async function removeUnfinished(path: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const isLeft = name.startsWith(temporaryPrefix(path)) && name.endsWith('.tmp');
    if (isLeft) await rm(join(directory, name), { force: true });
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.`;
}

async function writeChunks(file: FileHandle, chunks: AsyncIterable<string>): Promise<number> {
  let byteCount = 0;
  let pending = '';
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(pending);
    pending = '';
    for (let offset = 0; offset < bytes.length;) {
      offset += (await file.write(bytes, offset)).bytesWritten;
    }
    byteCount += bytes.length;
  };
  for await (const chunk of chunks) {
    pending += chunk;
    if (pending.length >= WRITE_BYTES) await flush();
  }
  await flush();
  return byteCount;
}

/** So that the name itself survives a power failure; some systems cannot open directories, and need not. */
async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(directory, 'r');
  } catch {
    return;
  }
  try {
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

/** A line of a file, without its line feed. */
export interface FileLine {
  readonly bytes: Uint8Array;
  readonly terminated: boolean;
}

/** The lines of a file. A longer line than `bytesMax` is given cut to that length, and its rest passed over. */
export function readFileLines(
  path: string,
  options: { readonly bytesMax: number },
): AsyncGenerator<FileLine> {
  return splitLines(createReadStream(path), options);
}

/** The lines of a stream; see {@link readFileLines}. */
export async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  { bytesMax }: { readonly bytesMax: number },
): AsyncGenerator<FileLine> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array): void => {
    const room = bytesMax - length;
    if (part.length === 0 || room === 0) return;
    parts.push(part.subarray(0, room));
    length += Math.min(part.length, room);
  };
  const takeLine = (terminated: boolean): FileLine => {
    const bytes = concatBytes(...parts);
    parts = [];
    length = 0;
    return { bytes, terminated };
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, end));
      yield takeLine(true);
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield takeLine(false);
}
