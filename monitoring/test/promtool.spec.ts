import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { prometheusUnderTest } from '@tops/testing';
import { comparisonOf, type Comparison } from '../src/promql/edit.ts';
import { readRules } from '../src/rules.ts';

const monitoring = fileURLToPath(new URL('..', import.meta.url));
const programs = prometheusUnderTest();

function run(program: string | undefined, args: readonly string[], cwd = monitoring) {
  const { status, stdout, stderr } = spawnSync(program ?? '', args, { cwd, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
const promtool = (args: readonly string[], cwd?: string) => run(programs?.promtool, args, cwd);

const listOf = (directory: string) =>
  readdirSync(join(monitoring, directory))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(directory, name));

(programs === undefined ? describe.skip : describe)('promtool', () => {
  it('finds the rules valid', () => {
    const { status, output } = promtool(['check', 'rules', ...listOf('rules')]);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output.match(/SUCCESS/g)).toHaveLength(2);
  });

  it('finds prometheus.yml valid, and the rules through it', () => {
    const { status, output } = promtool(['check', 'config', 'prometheus/prometheus.yml']);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain('2 rule files found');
  });

  it('has amtool find alertmanager.yml valid', () => {
    const { status, output } = run(programs?.amtool, [
      'check-config',
      'alertmanager/alertmanager.yml',
    ]);
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toMatch(/1 receivers/);
  });

  it.each(listOf('test/rules'))('passes %s', (file) => {
    expect(promtool(['test', 'rules', file])).toMatchObject({ status: 0 });
  });
});

const alertsText = readFileSync(join(monitoring, 'rules/alerts.yaml'), 'utf8');
const alerts = readRules([alertsText]).alerts;
const looser = { '>': '>=', '<': '<=', '>=': '>', '<=': '<', '==': '>=', '!=': '>=' } as const;

/** The text of one alert, up to the next rule or group. */
function ruleText(alert: string): string {
  const start = alertsText.indexOf(`- alert: ${alert}\n`);
  const end = alertsText.slice(start + 1).search(/\n( {6}(#|- alert)| {2}- name)/);
  return end < 0 ? alertsText.slice(start) : alertsText.slice(start, start + 1 + end);
}

const holds = / {8}for: (\d+)m\n/;
/** `for` longer or shorter by a step of the evaluation. */
const held = (text: string, minutes: number) =>
  text.replace(holds, (_line, was) => `        for: ${Number(was) + minutes}m\n`);

/** Ways to make an alert wrong that its own tests have to notice. */
const mutations: Record<string, (text: string, comparison: Comparison) => string> = {
  'fires at the threshold itself, or no more': (text, { operator, threshold }) =>
    text.replace(`${operator} ${threshold}`, `${looser[operator]} ${threshold}`),
  'never fires': (text, { operator, threshold }) =>
    text.replace(`${operator} ${threshold}`, `${operator} ${threshold} unless on () vector(1)`),
  'fires a minute early': (text) => held(text, -1),
  'fires a minute late': (text) => held(text, 1),
};

(programs === undefined ? describe.skip : describe)('the tests notice an alert that', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'tops-rules-'));
    for (const part of ['rules', 'test/rules'])
      cpSync(join(monitoring, part), join(copy, part), { recursive: true });
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  // All alerts at once, because starting promtool takes longer than what it does then.
  it.each(Object.entries(mutations))('%s', (_name, mutate) => {
    let mutated = alertsText;
    const changed = alerts.filter(({ alert, expr }) => {
      const text = ruleText(alert);
      const worse = mutate(text, comparisonOf(expr));
      mutated = mutated.replace(text, () => worse);
      return worse !== text;
    });
    expect(changed.length).toBeGreaterThan(10);
    writeFileSync(join(copy, 'rules/alerts.yaml'), mutated);
    const { status, output } = promtool(['test', 'rules', ...listOf('test/rules')], copy);
    expect(status).toBe(1);
    const unnoticed = changed.filter(({ alert }) => !output.includes(`alertname: ${alert}, time:`));
    expect(unnoticed.map(({ alert }) => alert)).toEqual([]);
  });
});
