import { parse } from 'yaml';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Rules {
  readonly recording: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
}

/** Whether a promtool test sees an alert fire, and whether one sees it silent. */
export interface AlertTest {
  readonly alert: string;
  readonly isFiring: boolean;
}

export interface RuleTests {
  readonly alerts: readonly AlertTest[];
  /** Expressions that a test asks the value of. */
  readonly expressions: readonly string[];
}

/** Reads rule files; promtool says whether they are valid, this only what they say. @throws on a shape that is neither. */
export function readRules(texts: readonly string[]): Rules {
  const recording: RecordingRule[] = [];
  const alerts: AlertRule[] = [];
  for (const rule of texts.flatMap((text) => listAt(parse(text), 'groups')).flatMap(rulesOf)) {
    const expr = textAt(rule, 'expr');
    const labels = textsAt(rule, 'labels');
    if ('record' in rule) recording.push({ record: textAt(rule, 'record'), expr, labels });
    else {
      const annotations = textsAt(rule, 'annotations');
      alerts.push({ alert: textAt(rule, 'alert'), expr, labels, annotations });
    }
  }
  return { recording, alerts };
}

/** Reads files of `promtool test rules`. */
export function readRuleTests(texts: readonly string[]): RuleTests {
  const tests = texts.flatMap((text) => listAt(parse(text), 'tests'));
  const alerts = tests
    .flatMap((test) => listAt(test, 'alert_rule_test'))
    .map((test) => ({
      alert: textAt(test, 'alertname'),
      isFiring: listAt(test, 'exp_alerts').length > 0,
    }));
  const expressions = tests
    .flatMap((test) => listAt(test, 'promql_expr_test'))
    .map((test) => textAt(test, 'expr'));
  return { alerts, expressions };
}

/** The scrape jobs that a prometheus.yml names. */
export function readJobs(text: string): string[] {
  return listAt(parse(text), 'scrape_configs').map((job) => textAt(job, 'job_name'));
}

type Fields = Readonly<Record<string, unknown>>;

function rulesOf(group: Fields): Fields[] {
  return listAt(group, 'rules');
}

/** An absent list is an empty one, as in these formats. */
function listAt(value: unknown, key: string): Fields[] {
  const list = (value as Fields | null)?.[key] ?? [];
  if (!Array.isArray(list)) throw new TypeError(`expected a list under ${key}, got ${typeof list}`);
  return list as Fields[];
}

function textAt(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string')
    throw new TypeError(`expected text under ${key}, got ${typeof value}`);
  return value;
}

function textsAt(fields: Fields, key: string): Record<string, string> {
  const entries = Object.entries((fields[key] ?? {}) as Fields);
  return Object.fromEntries(entries.map(([name]) => [name, textAt(fields[key] as Fields, name)]));
}
