import { describe, expect, it } from '@jest/globals';
import {
  deviceCountMax,
  parseRecords,
  renderRecords,
  withRecord,
  type DeviceRecord,
} from './autotune-record.ts';

const key = { adapter: 'GPU', driver: '1', dawn: '0.6', kernel: 'v2', gemm: 'ab' };
const record: DeviceRecord = {
  key,
  gemm: { label: 'dot4', opsPerSecond: 1.5e12 },
  shapes: [{ n: 1024, k: 512, rowsPerMs: 12.5 }],
};
const good = renderRecords([record]);

describe('parseRecords', () => {
  it('reads what was written', () => {
    expect(parseRecords(good)).toEqual({ ok: true, records: [record] });
    const bare = { key, gemm: undefined, shapes: [] };
    expect(parseRecords(renderRecords([bare]))).toEqual({ ok: true, records: [bare] });
    expect(parseRecords(renderRecords([]))).toEqual({ ok: true, records: [] });
  });

  it.each([
    ['nothing', ''],
    ['half a file', good.slice(0, good.length / 2)],
    ['zeros', '\0'.repeat(100)],
    ['another type', '[]'],
    ['null', 'null'],
    ['another format', good.replace('"format": 1', '"format": 2')],
    ['a field too many', good.replace('"format": 1', '"format": 1, "more": 1')],
    ['a field too few', good.replace('"dawn": "0.6",', '')],
    ['a key of another type', good.replace('"driver": "1"', '"driver": 1')],
    ['a long key', good.replace('"driver": "1"', `"driver": "${'1'.repeat(300)}"`)],
    ['a label of another type', good.replace('"label": "dot4"', '"label": {}')],
    ['a rate of zero', good.replace('1500000000000', '0')],
    ['a negative rate', good.replace('1500000000000', '-1')],
    ['an infinite rate', good.replace('1500000000000', '1e999')],
    ['a rate as text', good.replace('1500000000000', '"1500000000000"')],
    ['widths outside the rules', good.replace('"n": 1024', '"n": 1000')],
    ['widths as text', good.replace('"k": 512', '"k": "512"')],
    ['a shape that is none', good.replace(/"shapes": \[[^\]]*\]/, '"shapes": [7]')],
    ['__proto__ for a key', good.replace('"gemm": "ab"', '"__proto__": "ab"')],
    ['too many shapes', renderMany('shapes', 33)],
    ['too many devices', renderMany('devices', deviceCountMax + 1)],
  ])('refuses %s', (_what, text) => {
    expect(text).not.toBe(good);
    expect(parseRecords(text)).toEqual({ ok: false, reason: expect.any(String) });
  });

  it('keeps the reason short, whatever the file holds', () => {
    const long = `{"format": "${'x'.repeat(1e5)}", "devices": []}`;
    const result = parseRecords(long);
    expect(JSON.stringify(result).length).toBeLessThan(300);
  });
});

function renderMany(what: 'shapes' | 'devices', count: number): string {
  const file = JSON.parse(good) as { devices: { shapes: unknown[] }[] };
  const [device] = file.devices;
  if (what === 'devices') file.devices = new Array(count).fill(device);
  else device!.shapes = new Array(count).fill(device!.shapes[0]);
  return JSON.stringify(file);
}

describe('withRecord', () => {
  const keyOf = (driver: number) => ({ ...key, driver: String(driver) });

  it('changes one part of one device, and puts it first', () => {
    const other = { ...record, key: keyOf(2) };
    const gemm = { label: 'plain', opsPerSecond: 1 };
    expect(withRecord([other, record], key, { gemm })).toEqual([{ ...record, gemm }, other]);
    expect(withRecord([other], key, { gemm })).toEqual([{ key, gemm, shapes: [] }, other]);
  });

  it('forgets the device that was written longest ago', () => {
    let records: readonly DeviceRecord[] = [];
    for (let driver = 0; driver <= deviceCountMax; driver++) {
      records = withRecord(records, keyOf(driver), {});
    }
    expect(records.map((each) => each.key.driver)).toEqual([
      '8',
      '7',
      '6',
      '5',
      '4',
      '3',
      '2',
      '1',
    ]);
  });
});
