import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readWorkspace } from './nx-commands.mjs';
import { rules } from './rules.mjs';
import { readWorkflowFiles } from './workflow-files.mjs';

const workspace = readWorkspace('.');

/** A copy of `.github`, for specs that break one thing at a time. Paths are from there. */
export class BrokenCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'tops-workflows-'));

  constructor() {
    cpSync('.github', join(this.root, '.github'), { recursive: true });
  }

  /** The first place of `from` becomes `to`; a place that is not there is a mistake of the spec. */
  replace(path: string, from: string | RegExp, to: string): void {
    const place = join(this.root, '.github', path);
    const text = readFileSync(place, 'utf8');
    const broken = text.replace(from, to);
    if (broken === text) throw new Error(`${path} has no ${from}`);
    writeFileSync(place, broken);
  }

  add(path: string, text: string): void {
    const place = join(this.root, '.github', path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }

  /** Names of the rules that found something, with what they found. */
  problems(): string[] {
    const files = readWorkflowFiles(this.root);
    return Object.entries(rules).flatMap(([name, rule]) =>
      (rule as (...args: unknown[]) => string[])(files, { workspace }).map(
        (text) => `${name}: ${text}`,
      ),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
