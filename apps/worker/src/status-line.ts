import { Writable } from 'node:stream';

/** The parts of a terminal that are used; process.stdout has them all. */
export interface StatusOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string, callback?: () => void): boolean;
}

/**
 * redraw: one line kept at the bottom of a terminal. plain: a fresh line now and then, for an output that is not a
 * terminal and yet is read by a person. record: a `status` log record instead of a line.
 */
export type StatusMode = 'redraw' | 'plain' | 'record';

export function statusMode(
  setting: 'auto' | 'always' | 'never',
  output: Pick<StatusOutput, 'isTTY'>,
  term: string | undefined,
): StatusMode {
  if (setting === 'never') return 'record';
  // A dumb terminal cannot take back what it has written.
  if (output.isTTY === true && term !== 'dumb') return 'redraw';
  return setting === 'always' ? 'plain' : 'record';
}

/** How often each mode shows the figures. */
export const statusIntervalMs: Readonly<Record<StatusMode, number>> = {
  redraw: 250,
  plain: 5000,
  record: 10_000,
};

const columnsIfUnknown = 80;
const clearLine = '\r\u001b[2K';

/**
 * The bottom line of a terminal. Logs have to go through `logDestination`, which takes the line away, writes, and puts
 * it back: they scroll above it whole.
 */
export class StatusLine {
  readonly #output: StatusOutput;
  #text = '';

  constructor(output: StatusOutput) {
    this.#output = output;
  }

  readonly logDestination = new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, _encoding, done) => {
      const log = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
      this.#output.write(`${clearLine}${log}${this.#fitted()}`, () => done());
    },
  });

  show(text: string): void {
    this.#text = text;
    this.#output.write(`${clearLine}${this.#fitted()}`);
  }

  /** Leaves the last figures standing as a line of their own. */
  finish(): void {
    if (this.#text !== '') this.#output.write(`${clearLine}${this.#fitted()}\n`);
    this.#text = '';
  }

  /** The last column stays free: writing into it makes some terminals wrap, and the line could not be taken back. */
  #fitted(): string {
    const { columns = 0 } = this.#output;
    // Some pseudo-terminals say 0 for "not known".
    const width = columns > 0 ? columns : columnsIfUnknown;
    return this.#text.slice(0, Math.max(1, width - 1));
  }
}
