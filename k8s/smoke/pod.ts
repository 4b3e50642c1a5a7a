import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceProcess, freePort } from '../../apps/e2e/src/service-process.ts';
import { appOf, environmentOf, type App } from '../src/environment.ts';
import type { KubeObject } from '../src/manifest.ts';
import type { Container, PodSpec, Probe, Workload } from '../src/workload.ts';
import { substitute } from './substitutions.ts';

const IMAGE_NODE = '/usr/local/bin/node';
const PROBE_MS_MAX = 5000;

/** What a pod would be, as a process with the rendered environment. */
export class LocalPod {
  readonly app: App;
  readonly port: number;
  readonly process: ServiceProcess;
  readonly #container: Container;
  readonly #spec: PodSpec;
  readonly #env: Readonly<Record<string, string>>;
  readonly #directory: string;

  private constructor(parts: {
    app: App;
    port: number;
    container: Container;
    spec: PodSpec;
    env: Readonly<Record<string, string>>;
    directory: string;
  }) {
    this.app = parts.app;
    this.port = parts.port;
    this.#container = parts.container;
    this.#spec = parts.spec;
    this.#env = parts.env;
    this.#directory = parts.directory;
    this.process = new ServiceProcess({
      app: parts.app.name,
      env: parts.env,
      cwd: parts.directory,
    });
  }

  static async start(
    workload: Workload,
    surroundings: {
      readonly objects: readonly KubeObject[];
      readonly serviceUrl: string;
      readonly databaseUrl: string | undefined;
    },
  ): Promise<LocalPod> {
    const { spec } = workload.template;
    const [container] = spec.containers;
    const app = container && appOf(container);
    if (container === undefined || app === undefined) throw new Error('expected an app of ours');
    const directory = mkdtempSync(join(tmpdir(), 'tops-pod-'));
    mkdirSync(join(directory, 'data'));
    const port = await freePort();
    const rendered = environmentOf(container, surroundings.objects);
    const env = substitute(rendered, {
      app: app.name,
      place: { port, directory, ...surroundings },
    });
    return new LocalPod({ app, port, container, spec, env, directory });
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Asks one of the container's probes as the kubelet would. @returns what was wrong, undefined when nothing was */
  async ask(
    name: 'startupProbe' | 'livenessProbe' | 'readinessProbe',
  ): Promise<string | undefined> {
    const probe: Probe | undefined = this.#container[name];
    if (probe?.httpGet !== undefined) {
      const url = `${this.baseUrl}${probe.httpGet.path ?? '/'}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS_MAX) }).catch(
        (error: unknown) => ({ ok: false, status: String(error) }),
      );
      return answer.ok ? undefined : `${name}: ${answer.status}`;
    }
    const [program, ...args] = probe?.exec?.command ?? [];
    if (program !== IMAGE_NODE) return `${name}: expected ${IMAGE_NODE}, got ${program}`;
    const { status, stderr } = spawnSync(process.execPath, args, {
      env: this.#env,
      encoding: 'utf8',
      timeout: PROBE_MS_MAX,
    });
    return status === 0 ? undefined : `${name}: ${stderr}`;
  }

  /** SIGTERM, after the kubelet's sleep; what the drain may take is what the grace period leaves. */
  async drain(): Promise<{
    readonly code: number | null;
    readonly seconds: number;
    readonly secondsMax: number;
  }> {
    const startMs = performance.now();
    const { code } = await this.process.stop('SIGTERM');
    const grace = this.#spec.terminationGracePeriodSeconds ?? 30;
    const sleep = this.#container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    return { code, seconds: (performance.now() - startMs) / 1000, secondsMax: grace - sleep };
  }

  async remove(): Promise<void> {
    await this.process.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
