import { deviceKeyParts, isSameDevice, type DeviceKey, type GemmTuning } from '@tops/kernel-webgpu';
import { shapeProblem } from '@tops/protocol';
import { presetCountMax } from './presets.ts';

/** Speed of the widths of one preset. */
export interface ShapeSpeed {
  readonly n: number;
  readonly k: number;
  readonly rowsPerMs: number;
}

/** What was measured on one device, good until any part of its key changes. */
export interface DeviceRecord {
  readonly key: DeviceKey;
  readonly gemm: GemmTuning | undefined;
  readonly shapes: readonly ShapeSpeed[];
}

/** Raised with every change of the layout: older files are measured anew. */
const format = 1;
/** Devices and drivers a machine has seen lately; the oldest goes first. */
export const deviceCountMax = 8;
const textCharactersMax = 256;
/** Far beyond any device; a file must not promise more. */
const rateMax = 1e18;

/** What a file holds, or why it is not used. */
export type RecordsResult =
  | { readonly ok: true; readonly records: readonly DeviceRecord[] }
  | { readonly ok: false; readonly reason: string };

/** Reads the text of the cache file; anything unexpected, extra fields included, and nothing of it counts. */
export function parseRecords(text: string): RecordsResult {
  try {
    const file = fields('file', JSON.parse(text), ['format', 'devices']);
    if (file['format'] !== format) throw new Malformed('format', String(format), file['format']);
    const devices = list('devices', file['devices'], deviceCountMax);
    return { ok: true, records: devices.map(readDevice) };
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof SyntaxError)) throw error;
    return { ok: false, reason: error.message };
  }
}

export function renderRecords(records: readonly DeviceRecord[]): string {
  const devices = records.slice(0, deviceCountMax).map(({ key, gemm, shapes }) => ({
    key,
    gemm: gemm === undefined ? null : { label: gemm.label, ops_per_second: gemm.opsPerSecond },
    shapes: shapes
      .slice(0, presetCountMax)
      .map(({ n, k, rowsPerMs }) => ({ n, k, rows_per_ms: rowsPerMs })),
  }));
  return `${JSON.stringify({ format, devices }, null, 2)}\n`;
}

/** The records with that of `key` changed and put first. */
export function withRecord(
  records: readonly DeviceRecord[],
  key: DeviceKey,
  change: Partial<Omit<DeviceRecord, 'key'>>,
): readonly DeviceRecord[] {
  const isIt = (record: DeviceRecord): boolean => isSameDevice(record.key, key);
  const known = records.find(isIt) ?? { key, gemm: undefined, shapes: [] };
  const others = records.filter((record) => !isIt(record));
  return [{ ...known, ...change }, ...others].slice(0, deviceCountMax);
}

class Malformed extends Error {
  constructor(what: string, expected: string, got: unknown) {
    super(`${what}: expected ${expected}, got ${String(JSON.stringify(got)).slice(0, 64)}`);
  }
}

function readDevice(value: unknown): DeviceRecord {
  const device = fields('device', value, ['key', 'gemm', 'shapes']);
  const parts = fields('key', device['key'], deviceKeyParts);
  const key = Object.fromEntries(
    deviceKeyParts.map((part) => [part, shortText(part, parts[part])]),
  ) as Record<(typeof deviceKeyParts)[number], string>;
  const shapes = list('shapes', device['shapes'], presetCountMax).map(readShape);
  return { key, gemm: device['gemm'] === null ? undefined : readGemm(device['gemm']), shapes };
}

function readGemm(value: unknown): GemmTuning {
  const gemm = fields('gemm', value, ['label', 'ops_per_second']);
  const opsPerSecond = rate('ops_per_second', gemm['ops_per_second']);
  return { label: shortText('label', gemm['label']), opsPerSecond };
}

function readShape(value: unknown): ShapeSpeed {
  const { n, k, ...rest } = fields('shape', value, ['n', 'k', 'rows_per_ms']);
  if (typeof n !== 'number' || typeof k !== 'number' || shapeProblem({ m: 64, n, k })) {
    throw new Malformed('shape', 'n and k of the protocol', { n, k });
  }
  return { n, k, rowsPerMs: rate('rows_per_ms', rest['rows_per_ms']) };
}

/** Exactly these fields, no more and no less. */
function fields(what: string, value: unknown, names: readonly string[]): Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const got = isObject ? Object.keys(value).sort() : value;
  if (!isObject || String(got) !== String([...names].sort())) {
    throw new Malformed(what, `the fields ${names.join(', ')}`, got);
  }
  return value as Record<string, unknown>;
}

function list(what: string, value: unknown, countMax: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > countMax) {
    throw new Malformed(what, `a list of at most ${countMax}`, value);
  }
  return value;
}

function shortText(what: string, value: unknown): string {
  if (typeof value !== 'string' || value.length > textCharactersMax) {
    throw new Malformed(what, `text of at most ${textCharactersMax} characters`, value);
  }
  return value;
}

function rate(what: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value <= rateMax)) {
    throw new Malformed(what, `a number above 0, at most ${rateMax}`, value);
  }
  return value;
}
