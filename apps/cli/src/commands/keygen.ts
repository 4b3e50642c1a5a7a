import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bytesToHex, generateSeed, keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { CliError, describeError, exitCode, printLine, type CliIo } from '../cli-io.ts';

export interface KeygenOptions {
  /** Where the seed goes; absent, it is printed. */
  readonly out?: string;
}

/**
 * Makes an Ed25519 key. With `out` the seed goes to a new file of mode 0600 and standard output gets the public parts;
 * without, standard output gets nothing but the seed, so that it can be piped into a secret store.
 */
export function keygen(options: KeygenOptions, io: CliIo): number {
  const seed = generateSeed();
  const { publicKey } = keyPairFromSeed(seed);
  const publicParts = [
    `public_key_hex ${bytesToHex(publicKey)}`,
    `did            ${publicKeyToDid(publicKey)}`,
  ].join('\n');
  if (options.out === undefined) {
    printLine(io, bytesToHex(seed));
    io.stderr(`${publicParts}\n`);
    return exitCode.ok;
  }
  const path = resolve(io.cwd, options.out);
  writeNewSecret(path, `${bytesToHex(seed)}\n`);
  printLine(io, publicParts);
  io.stderr(`secret seed written to ${path} (mode 0600); keep a copy, it cannot be recovered\n`);
  return exitCode.ok;
}

function writeNewSecret(path: string, content: string): void {
  try {
    // wx: a key that receipts were signed with must never be lost to a second keygen.
    writeFileSync(path, content, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new CliError(`${path} exists already and is left alone`, exitCode.failed);
    throw new CliError(`cannot write the key: ${describeError(error)}`, exitCode.failed);
  }
}
