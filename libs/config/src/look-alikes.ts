import type { ConfigError } from './config-error.ts';

export interface LookAlikeOptions {
  /** Every name the program reads, and names it knows to belong to a neighbour. */
  readonly known: readonly string[];
  /** What this program's variables start with, e.g. WORKER_: an unknown name under one is an error. */
  readonly prefixes: readonly string[];
}

// Under eight letters two edits turn HOST into HOME and PORT into PATH.
const COMPARED_LENGTH_MIN = 8;
const EDITS_MAX = 2;

// What the kubelet adds to every container for each Service of the namespace (docs: "Accessing the Service").
const serviceLinkName =
  /(_SERVICE_HOST|_SERVICE_PORT(_[A-Z0-9_]+)?|_PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const serviceLinkValue = /^(tcp|udp|sctp):\/\//;

/** Whether Kubernetes put this variable there for a Service of the namespace (WORKER_PORT=tcp://10.0.0.7:8082, …). */
export function isServiceLink(name: string, value: string): boolean {
  return serviceLinkName.test(name) || (name.endsWith('_PORT') && serviceLinkValue.test(value));
}

/**
 * Set variables that this program does not read but that look meant for it, i.e. typing errors. The rule: an unknown,
 * non-empty name is refused if it starts with one of `prefixes`, or if it is within two edits of a known name of at least
 * eight letters, ignoring case; Kubernetes service links always pass. Values are never shown: a misspelled secret is one.
 */
export function findLookAlikes(
  env: Readonly<Record<string, string | undefined>>,
  options: LookAlikeOptions,
): ConfigError[] {
  const known = new Set(options.known);
  const errors: ConfigError[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.trim() === '' || known.has(name)) continue;
    if (isServiceLink(name, value)) continue;
    const upper = name.toUpperCase();
    const nearest = nearestName(upper, options.known);
    const isNear =
      nearest !== undefined &&
      nearest.edits <= EDITS_MAX &&
      nearest.name.length >= COMPARED_LENGTH_MIN;
    if (!isNear && !options.prefixes.some((prefix) => upper.startsWith(prefix))) continue;
    errors.push({
      variable: name,
      expected: 'a known variable name',
      got: 'a name that nothing reads',
      hint: hintFor(upper, nearest),
    });
  }
  return errors;
}

function hintFor(name: string, nearest: Nearest | undefined): string {
  // A guess further than a third of the name away would mislead.
  if (nearest === undefined || nearest.edits > name.length / 3)
    return 'docs/configuration.md lists the known ones';
  return `did you mean ${nearest.name}?`;
}

interface Nearest {
  readonly name: string;
  readonly edits: number;
}

function nearestName(name: string, known: readonly string[]): Nearest | undefined {
  let best: Nearest | undefined;
  for (const candidate of known) {
    const edits = editDistance(name, candidate);
    if (best === undefined || edits < best.edits) best = { name: candidate, edits };
  }
  return best;
}

/** Optimal string alignment distance: insert, delete, replace and swap of neighbours each count one. */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, j) => j);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = at(previous, j - 1) + (left[i - 1] === right[j - 1] ? 0 : 1);
      let edits = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, replaced);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        edits = Math.min(edits, at(beforePrevious, j - 2) + 1);
      current.push(edits);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, right.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
