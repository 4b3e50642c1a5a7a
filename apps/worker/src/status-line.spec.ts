import { describe, expect, it } from '@jest/globals';
import { StatusLine, statusMode } from './status-line.ts';

/** ECMA-48: carriage return, then erase the whole line. */
const clear = '\r\u001b[2K';

function splitAtClear(text: string): string[] {
  return text.split(clear).flatMap((part, i) => (i === 0 ? [part] : [clear, part]));
}

/** A terminal of one bottom row: what scrolled past, and what stands in the row now. */
class FakeTerminal {
  readonly isTTY = true;
  readonly scrolled: string[] = [];
  columns = 40;
  row = '';

  write(text: string, callback?: () => void): boolean {
    for (const part of text.split(/(\n)/).flatMap((line) => splitAtClear(line))) {
      if (part === clear) this.row = '';
      else if (part === '\n') {
        this.scrolled.push(this.row);
        this.row = '';
      } else this.#append(part);
    }
    callback?.();
    return true;
  }

  #append(text: string): void {
    if (text === '') return;
    this.row += text;
    if (this.row.length >= this.columns) throw new Error(`wrapped: ${this.row}`);
  }
}

describe('StatusLine', () => {
  it('is redrawn in place, below whole log lines', async () => {
    const terminal = new FakeTerminal();
    const line = new StatusLine(terminal);
    line.show('one');
    line.show('two');
    expect(terminal.row).toBe('two');
    await new Promise((resolve) => line.logDestination.write('a log line\n', resolve));
    expect(terminal.scrolled).toEqual(['a log line']);
    expect(terminal.row).toBe('two');
    line.finish();
    expect(terminal.scrolled).toEqual(['a log line', 'two']);
    await new Promise((resolve) => line.logDestination.write('shut down\n', resolve));
    expect(terminal.scrolled.at(-1)).toBe('shut down');
    expect(terminal.row).toBe('');
  });

  it('never reaches the last column, however the window is resized', () => {
    const terminal = new FakeTerminal();
    const line = new StatusLine(terminal);
    for (const columns of [80, 20, 5, 1]) {
      terminal.columns = Math.max(2, columns);
      line.show('x'.repeat(200));
      expect(terminal.row).toHaveLength(terminal.columns - 1);
    }
  });

  it.each([0, undefined])('takes 80 columns for a terminal that says %s', (columns) => {
    let written = '';
    const line = new StatusLine({
      columns,
      write: (text) => {
        written += text;
        return true;
      },
    });
    line.show('x'.repeat(200));
    expect(written).toBe(`${clear}${'x'.repeat(79)}`);
  });
});

describe('statusMode', () => {
  const terminal = { isTTY: true };
  const pipe = {};

  it.each([
    ['auto', terminal, 'xterm', 'redraw'],
    ['auto', pipe, 'xterm', 'record'],
    ['auto', terminal, 'dumb', 'record'],
    ['always', terminal, 'xterm', 'redraw'],
    ['always', pipe, undefined, 'plain'],
    ['always', terminal, 'dumb', 'plain'],
    ['never', terminal, 'xterm', 'record'],
    ['never', pipe, undefined, 'record'],
  ] as const)('STATUS_LINE=%s on %o (TERM=%s) is %s', (setting, output, term, mode) => {
    expect(statusMode(setting, output, term)).toBe(mode);
  });
});
