import { open, type FileHandle } from 'node:fs/promises';
import { anchorText, parseAnchor } from '@tops/audit';
import type { LedgerStore } from '@tops/ledger';
import type { Logger } from '@tops/observability';
import { signedHeadOf } from './archive-messages.ts';
import { Follower } from './follower.ts';
import type { VerifierMetrics } from './metrics.ts';

/** Heads appended with one fsync. */
const BATCH_HEADS = 256;
/** A line has less than 700 bytes: the last whole one is always within this. */
const TAIL_BYTES = 4096;

interface AnchorFileDeps {
  readonly ledger: Pick<LedgerStore, 'archive'>;
  readonly metrics: VerifierMetrics;
  readonly logger: Logger;
}

/**
 * HEAD_ANCHOR_FILE: every signed head, one a line, ids increasing, each on the disk before the next batch begins. After a
 * restart it goes on behind the file's last line. It follows the ledger, not this process's own seals: with several
 * verifiers each file has every epoch.
 */
export class AnchorFile extends Follower {
  readonly #path: string;
  readonly #deps: AnchorFileDeps;
  /** Of the last line, −1 in an empty file; undefined before the file was looked at, and after a failure. */
  #lastId: number | undefined;
  #isFailing = false;

  constructor(options: { readonly path: string }, deps: AnchorFileDeps) {
    super();
    this.#path = options.path;
    this.#deps = deps;
  }

  protected async run(): Promise<void> {
    const { metrics, logger } = this.#deps;
    try {
      while (!this.signal.aborted && (await this.#appendBatch())) {
        // Until nothing is left.
      }
      this.#isFailing = false;
    } catch (error) {
      // What was written of a line is cut off before the next attempt.
      this.#lastId = undefined;
      metrics.headAnchorFailures.inc({ target: 'file' });
      if (!this.#isFailing) logger.error('cannot anchor heads in HEAD_ANCHOR_FILE', { error });
      this.#isFailing = true;
    }
  }

  /** @returns whether there may be more. */
  async #appendBatch(): Promise<boolean> {
    this.#lastId ??= await readLastId(this.#path);
    const page = { fromId: this.#lastId + 1, limit: BATCH_HEADS };
    const lines: string[] = [];
    let lastId = this.#lastId;
    for (const epoch of await this.#deps.ledger.archive.epochsFrom(page)) {
      const head = signedHeadOf(epoch);
      // Epochs are signed in their order, but for moments; what follows waits for it.
      if (head === undefined) break;
      lines.push(`${anchorText(head)}\n`);
      lastId = head.epoch_id;
    }
    if (lines.length === 0) return false;
    const file = await open(this.#path, 'a', 0o644);
    try {
      await file.appendFile(lines.join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    this.#lastId = lastId;
    this.#deps.metrics.headAnchors.inc({ target: 'file' }, lines.length);
    return lines.length === BATCH_HEADS;
  }
}

/**
 * Makes the file when it is not there, and cuts off a last line that was not finished.
 *
 * @returns the id of the last line, −1 when there is none.
 * @throws Error for a file that holds anything else.
 */
async function readLastId(path: string): Promise<number> {
  // Both 'r+' and 'a': read, and made when absent, without ever emptying it.
  const file = await open(path, 'a+', 0o644);
  try {
    const { size } = await file.stat();
    const tail = await readTail(file, size);
    const end = tail.lastIndexOf('\n') + 1;
    if (end === 0 && size > TAIL_BYTES) throw strange(path);
    if (end < tail.length) {
      await file.truncate(size - Buffer.byteLength(tail.slice(end)));
      await file.sync();
    }
    const last = tail.slice(0, end).trimEnd().split('\n').at(-1) ?? '';
    if (last === '') return -1;
    const head = parseAnchor(last);
    if (head === undefined) throw strange(path);
    return head.epoch_id;
  } finally {
    await file.close();
  }
}

async function readTail(file: FileHandle, size: number): Promise<string> {
  const start = Math.max(0, size - TAIL_BYTES);
  const bytes = Buffer.alloc(size - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead).toString('latin1');
}

function strange(path: string): Error {
  return new Error(`expected ${path} to end with an anchored head, got something else`);
}
