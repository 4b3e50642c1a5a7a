import { resolve } from 'node:path';
import {
  ArchiveError,
  archiveLines,
  HttpArchiveSource,
  SourceRefusal,
  writeFileWhole,
  type EpochRange,
} from '@tops/audit';
import { NetworkError, VerifierClient } from '@tops/protocol';
import { CliError, describeError, exitCode, type CliIo } from '../cli-io.ts';

export interface ExportOptions {
  /** The verifier's base address. */
  readonly url: string;
  readonly epochs: EpochRange;
  /** Absent: standard output. */
  readonly out?: string;
  readonly timeoutMs: number;
}

/** Writes an archive of sealed epochs, read over the verifier's public routes; a file is there whole or not at all. */
export async function exportArchive(options: ExportOptions, io: CliIo): Promise<number> {
  const { url, epochs, out, timeoutMs } = options;
  const client = new VerifierClient({ baseUrl: url, timeoutMs });
  const lines = archiveLines(epochs, new HttpArchiveSource({ client }));
  try {
    if (out === undefined) {
      for await (const line of lines) await io.writeOut(line);
      return exitCode.ok;
    }
    const counted = countLines(lines);
    const byteCount = await writeFileWhole(resolve(io.cwd, out), counted.lines);
    io.stderr(`${out}: ${counted.count()} lines, ${byteCount} bytes\n`);
    return exitCode.ok;
  } catch (error) {
    const isVerifiers =
      error instanceof ArchiveError ||
      error instanceof SourceRefusal ||
      error instanceof NetworkError;
    if (isVerifiers) {
      io.stderr(`verifier at ${url}: ${describeError(error)}\n`);
      return exitCode.failed;
    }
    // The command's own argument: a directory that cannot be written, a full disk.
    const isFiles = (error as NodeJS.ErrnoException).syscall !== undefined && out !== undefined;
    if (!isFiles) throw error;
    throw new CliError(`cannot write ${out}: ${describeError(error)}`, exitCode.unusable);
  }
}

function countLines(lines: AsyncIterable<string>) {
  let count = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const line of lines) {
      count++;
      yield line;
    }
  }
  return { lines: counted(), count: () => count };
}
