import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, describeError, exitCode, type CliIo } from './cli-io.ts';

/**
 * The bytes of a file, or of standard input for `-`.
 *
 * @throws CliError (unusable) when it cannot be read or is longer than maxBytes.
 */
export async function readInput(
  name: string,
  options: { readonly maxBytes: number },
  io: CliIo,
): Promise<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> =
    name === '-' ? io.stdin : createReadStream(resolve(io.cwd, name));
  const shownName = name === '-' ? 'standard input' : name;
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of stream) {
      byteCount += chunk.length;
      if (byteCount > options.maxBytes)
        throw new CliError(
          `${shownName} is longer than ${options.maxBytes} bytes`,
          exitCode.unusable,
        );
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`cannot read ${shownName}: ${describeError(error)}`, exitCode.unusable);
  }
  return Buffer.concat(chunks);
}
