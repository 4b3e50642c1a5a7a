// Compares two benchmark reports and fails on a drop: npx nx compare-bench tools -- BASE.json NEW.json [--max-drop 0.1]
//
// Ratios (one thing over another within the same rounds) compare everywhere, so they decide. --figures adds the absolute
// ones, which only the same processor, core count and major release of Node.js give a meaning.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const DEFAULT_MAX_DROP = 0.1;
const USAGE = 'usage: compare-bench BASE.json NEW.json [--max-drop 0.1] [--figures]';

/** What makes a report unusable is an error of its own: it must never read as "no drop". */
export class BenchReportError extends Error {}

/** @returns name → number, higher is better; never an empty one */
function numbersOf(report, group, pick, source) {
  const entries = Object.entries(report?.[group] ?? {}).map(([name, entry]) => [name, pick(entry)]);
  if (entries.length === 0) throw new BenchReportError(`${source}: expected ${group}, got none`);
  for (const [name, value] of entries) {
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw new BenchReportError(`${source}: ${name}: expected a positive number, got ${value}`);
    }
  }
  return new Map(entries);
}

const groups = {
  ratios: (entry) => entry?.value,
  figures: (entry) => entry?.cpu ?? entry?.wall,
};

function requireComparable(base, next) {
  for (const report of [base, next]) {
    if (report?.schema !== 1) {
      throw new BenchReportError(`expected schema 1, got ${JSON.stringify(report?.schema)}`);
    }
  }
  if (base.bench !== next.bench) {
    throw new BenchReportError(`expected two reports of ${base.bench}, got one of ${next.bench}`);
  }
}

function machineOf({ machine = {} }) {
  return [machine.cpu, `${machine.cores} cores`, `Node.js ${machine.node?.split('.')[0]}`].join(
    ', ',
  );
}

/**
 * @param options - `maxDrop`: share that may be lost, 0.1 is a tenth; `comparesFigures`: absolute figures too
 * @returns a row for each number of either report; `isDrop` where it fell too far, or is gone
 * @throws BenchReportError when the reports cannot be compared
 */
export function compareReports(
  base,
  next,
  { maxDrop = DEFAULT_MAX_DROP, comparesFigures = false } = {},
) {
  if (!(maxDrop >= 0 && maxDrop < 1)) {
    throw new BenchReportError(`max-drop: expected a share from 0 to below 1, got ${maxDrop}`);
  }
  requireComparable(base, next);
  if (comparesFigures && machineOf(base) !== machineOf(next)) {
    const machines = `${machineOf(base)} and ${machineOf(next)}`;
    throw new BenchReportError(`figures: expected one kind of machine, got ${machines}`);
  }
  const rows = [];
  for (const group of comparesFigures ? ['ratios', 'figures'] : ['ratios']) {
    const before = numbersOf(base, group, groups[group], 'base');
    const after = numbersOf(next, group, groups[group], 'new');
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const [from, to] = [before.get(name), after.get(name)];
      const change = from !== undefined && to !== undefined ? to / from - 1 : undefined;
      // A number that is gone could hide any drop. A new one has nothing to be compared with.
      const isDrop = to === undefined || (change !== undefined && change < -maxDrop);
      rows.push({ name, from, to, change, isDrop });
    }
  }
  return rows;
}

export function renderRows(rows) {
  const cells = rows.map(({ name, from, to, change, isDrop }) => [
    name,
    from?.toFixed(3) ?? 'new',
    to?.toFixed(3) ?? 'gone',
    change === undefined ? '' : `${change >= 0 ? '+' : '−'}${Math.abs(change * 100).toFixed(1)} %`,
    isDrop ? 'DROP' : '',
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...cells.map((row) => row[i].length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new BenchReportError(`${path}: ${cause.message}`, { cause });
  }
}

/** @returns the exit code: 0 no drop, 1 a drop, 2 nothing to compare */
export function main(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        'max-drop': { type: 'string', default: String(DEFAULT_MAX_DROP) },
        figures: { type: 'boolean', default: false },
      },
    });
    const [basePath, nextPath, ...rest] = positionals;
    if (!basePath || !nextPath || rest.length > 0) throw new BenchReportError(USAGE);
    // Number('') is 0, which would be the strictest bound and not the one that was meant.
    const maxDrop = values['max-drop'].trim() === '' ? Number.NaN : Number(values['max-drop']);
    const rows = compareReports(readReport(basePath), readReport(nextPath), {
      maxDrop,
      comparesFigures: values.figures,
    });
    console.log(renderRows(rows));
    const drops = rows.filter(({ isDrop }) => isDrop).length;
    const bound = `${(maxDrop * 100).toFixed(1)} %`;
    console.log(drops === 0 ? `\nno drop past ${bound}` : `\n${drops} dropped past ${bound}`);
    return drops === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof BenchReportError) && error.code?.startsWith('ERR_PARSE_ARGS') !== true)
      throw error;
    console.error(`compare-bench: ${error.message}`);
    return 2;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exit(main(process.argv.slice(2)));
}
