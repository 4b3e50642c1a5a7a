import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  isSameDevice,
  type DeviceKey,
  type GemmTuning,
  type TuningStore,
} from '@tops/kernel-webgpu';
import type { Logger } from '@tops/observability';
import {
  parseRecords,
  renderRecords,
  withRecord,
  type DeviceRecord,
  type ShapeSpeed,
} from './autotune-record.ts';

/** Several times what {@link renderRecords} can write. */
const fileBytesMax = 128 * 1024;

export interface AutotuneCacheDeps {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/**
 * DATA_DIR/autotune.json: what trials found out, by device. Nothing depends on it: a file that is missing, malformed, too
 * long or out of reach costs a warning (none when missing) and a fresh trial.
 *
 * The file is replaced whole (written aside, then renamed). Of two processes that write at once one wins; the other's
 * result is measured again some day.
 */
export class AutotuneCache implements TuningStore {
  readonly #dataDir: string;
  readonly #path: string;
  readonly #logger: AutotuneCacheDeps['logger'];
  /** One change at a time: each builds on what the one before has written. */
  #lastChange: Promise<void> = Promise.resolve();

  constructor(dataDir: string, { logger }: AutotuneCacheDeps) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, 'autotune.json');
    this.#logger = logger;
  }

  async load(key: DeviceKey): Promise<GemmTuning | undefined> {
    return (await this.#record(key))?.gemm;
  }

  async save(key: DeviceKey, gemm: GemmTuning): Promise<void> {
    await this.#change(key, { gemm });
  }

  async loadShapes(key: DeviceKey): Promise<readonly ShapeSpeed[]> {
    return (await this.#record(key))?.shapes ?? [];
  }

  async saveShapes(key: DeviceKey, shapes: readonly ShapeSpeed[]): Promise<void> {
    await this.#change(key, { shapes });
  }

  async #record(key: DeviceKey): Promise<DeviceRecord | undefined> {
    return (await this.#read()).find((record) => isSameDevice(record.key, key));
  }

  async #read(): Promise<readonly DeviceRecord[]> {
    let reason: string;
    try {
      const result = parseRecords(await readBounded(this.#path));
      if (result.ok) return result.records;
      reason = result.reason;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      reason = messageOf(error);
    }
    this.#logger.warn('autotune cache not used', { path: this.#path, reason });
    return [];
  }

  #change(key: DeviceKey, change: Partial<Omit<DeviceRecord, 'key'>>): Promise<void> {
    this.#lastChange = this.#lastChange.then(async () => {
      try {
        await this.#replace(renderRecords(withRecord(await this.#read(), key, change)));
      } catch (error) {
        const reason = messageOf(error);
        this.#logger.warn('autotune result not kept', { path: this.#path, reason });
      }
    });
    return this.#lastChange;
  }

  async #replace(text: string): Promise<void> {
    const aside = join(this.#dataDir, `.autotune.${randomUUID()}`);
    await mkdir(this.#dataDir, { recursive: true, mode: 0o700 });
    try {
      await writeFile(aside, text, { mode: 0o600, flag: 'wx' });
      await rename(aside, this.#path);
    } finally {
      await rm(aside, { force: true }).catch(() => undefined);
    }
  }
}

/** @throws Error for what is no regular file, or too long */
async function readBounded(path: string): Promise<string> {
  // Opening a named pipe would otherwise wait for somebody to write into it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat().then((stats) => {
      if (!stats.isFile()) throw new Error('expected a regular file');
      return stats;
    });
    if (size > fileBytesMax) {
      throw new Error(`expected at most ${fileBytesMax} bytes, got ${size}`);
    }
    const buffer = Buffer.alloc(fileBytesMax);
    const { bytesRead } = await file.read(buffer, 0, fileBytesMax, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
