import { setTimeout as sleep } from 'node:timers/promises';
import {
  FieldReader,
  isJsonObject,
  NetworkError,
  type ClientResult,
  type Parsed,
  type VerifierClient,
} from '@tops/protocol';
import type { CreditFields, ReceiptFields } from './archive-lines.ts';
import { readMessage } from './archive-parser.ts';
import type { ArchiveSource, PublishedEpoch } from './archive-writer.ts';

const PAGE_EPOCHS = 200;
const PAGE_ROWS = 100;
/** Waits between attempts of one page when the verifier is busy or away; Retry-After counts where it is given. */
const RETRY_DELAYS_MS = [250, 500, 1000, 2000, 4000, 8000];
const RETRY_AFTER_MS_MAX = 30_000;

/** A verifier that refused. */
export class SourceRefusal extends Error {
  readonly status: number;
  /** Of docs/errors.md. */
  readonly code: string;

  constructor(refusal: {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
  }) {
    super(`the verifier answered ${refusal.status} ${refusal.code}: ${refusal.detail}`);
    this.name = 'SourceRefusal';
    this.status = refusal.status;
    this.code = refusal.code;
  }
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** What an archive is made of, page by page over a verifier's public routes. Repeats what the network lost. */
export class HttpArchiveSource implements ArchiveSource {
  readonly #client: Pick<VerifierClient, 'read'>;
  readonly #retryDelaysMs: readonly number[];

  constructor(
    deps: { readonly client: Pick<VerifierClient, 'read'> },
    options: { readonly retryDelaysMs?: readonly number[] } = {},
  ) {
    this.#client = deps.client;
    this.#retryDelaysMs = options.retryDelaysMs ?? RETRY_DELAYS_MS;
  }

  async epoch(epochId: number): Promise<PublishedEpoch | undefined> {
    try {
      return await this.#get(`/v1/epochs/${epochId}`, parseEpoch);
    } catch (error) {
      if (error instanceof SourceRefusal && error.code === 'epoch_not_found') return undefined;
      throw error;
    }
  }

  async *epochsFrom(fromId: number): AsyncGenerator<PublishedEpoch> {
    for (let next: string | undefined = String(fromId); next !== undefined;) {
      const path = `/v1/epochs?from=${next}&limit=${PAGE_EPOCHS}`;
      const page: Page<PublishedEpoch> = await this.#get(path, (value) =>
        parsePage(value, { list: 'epochs', next: 'next_from', read: parseEpoch }),
      );
      yield* page.items;
      // As for rows below: a page that leads on without an epoch could be followed for ever.
      if (page.items.length === 0) return;
      next = page.next;
    }
  }

  receipts(epochId: number): AsyncGenerator<ReceiptFields> {
    return this.#rows(`/v1/epochs/${epochId}/receipts`, 'receipts', (value) =>
      readMessage('receipt', value),
    );
  }

  credits(epochId: number): AsyncGenerator<CreditFields> {
    return this.#rows(`/v1/epochs/${epochId}/credits`, 'credits', (value) =>
      readMessage('credit', value),
    );
  }

  async *#rows<T>(
    path: string,
    list: string,
    read: (value: unknown) => Parsed<T>,
  ): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const query = `limit=${PAGE_ROWS}${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const page: Page<T> = await this.#get(`${path}?${query}`, (value) =>
        parsePage(value, { list, next: 'next_cursor', read }),
      );
      yield* page.items;
      // Else a verifier could keep a reader going for ever.
      if (page.items.length === 0) return;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  async #get<T>(path: string, read: (value: unknown) => Parsed<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const delayMs = this.#retryDelaysMs[attempt];
      let result: ClientResult<T>;
      try {
        result = await this.#client.read(path, read);
      } catch (error) {
        const isPassing = error instanceof NetworkError && error.code !== 'malformed_response';
        if (!isPassing || delayMs === undefined) throw error;
        await sleep(delayMs);
        continue;
      }
      if (result.ok) return result.value;
      const { status, problem, retryAfterMs = 0 } = result;
      if ((status !== 429 && status !== 503) || delayMs === undefined) {
        throw new SourceRefusal({ status, code: problem.code, detail: problem.detail });
      }
      await sleep(Math.min(Math.max(delayMs, retryAfterMs), RETRY_AFTER_MS_MAX));
    }
  }
}

function parsePage<T>(
  value: unknown,
  form: {
    readonly list: string;
    readonly next: string;
    readonly read: (item: unknown) => Parsed<T>;
  },
): Parsed<Page<T>> {
  const fields = FieldReader.open(value, { required: [form.list], unknown: 'ignore' });
  const list = isJsonObject(value) ? value[form.list] : undefined;
  const items: T[] = [];
  for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
    const parsed = form.read(item);
    if (!parsed.ok) return parsed;
    items.push(parsed.value);
  }
  if (!Array.isArray(list))
    fields.list(form.list, { required: [], unknown: 'ignore', maxCount: 0 }, () => 0);
  const next = fields.isNone(form.next) ? undefined : readNext(fields, form.next);
  return fields.finish(() => ({ items, next }));
}

/** A number for epochs, a key or receipt id for rows: either goes back as it came. */
function readNext(fields: FieldReader, name: string): string {
  return name === 'next_from'
    ? String(fields.integer(name))
    : fields.text(name, {
        pattern: /^[0-9a-f]{64}$/,
        expected: 'as 64 lower-case hex digits',
        code: 'text_malformed',
      });
}

function parseEpoch(value: unknown): Parsed<PublishedEpoch> {
  const fields = FieldReader.open(value, { required: ['epoch_id'], unknown: 'ignore' });
  const integer = (name: string) => (fields.isNone(name) ? {} : { [name]: fields.integer(name) });
  const hex = (name: string, byteLength: number) =>
    fields.isNone(name) ? {} : { [name]: fields.hex(name, byteLength) };
  const epoch = {
    epoch_id: fields.integer('epoch_id'),
    ...integer('opens_at'),
    ...integer('closes_at'),
    ...integer('previous_epoch_id'),
    ...integer('sealed_at_opening_epoch_id'),
    ...integer('entry_count'),
    ...hex('prev_hash_hex', 32),
    ...hex('entropy_hex', 32),
    ...hex('head_hex', 32),
    ...hex('ledger_root_hex', 32),
    ...hex('head_sig_hex', 64),
    ...hex('verifier_key_hex', 32),
    ...(isJsonObject(value) && value['archived'] === true ? { archived: true } : {}),
  };
  return fields.finish(() => epoch);
}
