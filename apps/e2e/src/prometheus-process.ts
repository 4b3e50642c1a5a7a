import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { freePort } from './service-process.ts';

const monitoring = fileURLToPath(new URL('../../../monitoring/', import.meta.url));

export interface PrometheusOptions {
  /** The program. */
  readonly prometheus: string;
  /** An empty or absent directory, for configuration, rules and data. */
  readonly dir: string;
  /** host:port by scrape job; every job of monitoring/prometheus/prometheus.yml needs one. */
  readonly targets: Readonly<Record<string, string>>;
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/**
 * A real Prometheus with the rules and the configuration of monitoring/, sixty times as quick: it scrapes and evaluates
 * every second, and each `for` of so many minutes is as many seconds. Windows ([5m]) are as they are: two samples give
 * a rate. Its Alertmanager and what it finds by DNS are left out.
 */
export class PrometheusProcess {
  readonly #child: ChildProcess;
  readonly #baseUrl: string;
  readonly #exited: Promise<unknown>;
  #log = '';

  private constructor(child: ChildProcess, baseUrl: string) {
    this.#child = child;
    this.#baseUrl = baseUrl;
    this.#exited = once(child, 'close');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  static async start({ prometheus, dir, targets }: PrometheusOptions): Promise<PrometheusProcess> {
    await writeConfiguration(dir, targets);
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      prometheus,
      [
        `--config.file=${join(dir, 'prometheus/prometheus.yml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const started = new PrometheusProcess(child, `http://${address}`);
    await started.until('it is ready', async () => {
      const response = await fetch(`http://${address}/-/ready`).catch(() => undefined);
      return response?.status === 200;
    });
    return started;
  }

  /** @throws Error with the end of its log when `condition` does not hold in time, or the process ends. */
  async until(what: string, condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await condition())) {
      if (Date.now() > deadline || this.#child.exitCode !== null) {
        throw new Error(`not in ${timeoutMs} ms: ${what}\n${this.#log.slice(-2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** The values of an expression now, by what `label` of each series is. */
  async query(expr: string, label: string): Promise<Record<string, number>> {
    const { result } = await this.get<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>(`query?query=${encodeURIComponent(expr)}`);
    return Object.fromEntries(
      result.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]),
    );
  }

  async firingAlerts(): Promise<FiringAlert[]> {
    const { alerts } = await this.get<{ alerts: FiringAlert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing');
  }

  /** `data` of an answer of the HTTP API. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#baseUrl}/api/v1/${path}`);
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

interface Configuration {
  global: Record<string, string>;
  alerting?: unknown;
  readonly scrape_configs: {
    readonly job_name: string;
    static_configs: { targets: string[] }[];
    dns_sd_configs?: unknown;
  }[];
}

async function writeConfiguration(
  dir: string,
  targets: Readonly<Record<string, string>>,
): Promise<void> {
  for (const part of ['prometheus', 'rules', 'data'])
    await mkdir(join(dir, part), { recursive: true });
  for (const name of await readdir(join(monitoring, 'rules'))) {
    const rules = await readFile(join(monitoring, 'rules', name), 'utf8');
    await writeFile(join(dir, 'rules', name), rules.replaceAll(/^( +for: \d+)m$/gm, '$1s'));
  }
  const text = await readFile(join(monitoring, 'prometheus/prometheus.yml'), 'utf8');
  const configuration = parse(text) as Configuration;
  configuration.global = {
    scrape_interval: '1s',
    scrape_timeout: '1s',
    evaluation_interval: '1s',
  };
  delete configuration.alerting;
  for (const job of configuration.scrape_configs) {
    const target = targets[job.job_name];
    if (target === undefined) throw new Error(`expected a target of ${job.job_name}, got none`);
    job.static_configs = [{ targets: [target] }];
    delete job.dns_sd_configs;
  }
  await writeFile(join(dir, 'prometheus/prometheus.yml'), stringify(configuration));
}
