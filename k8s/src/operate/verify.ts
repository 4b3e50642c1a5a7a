import type { Rendering } from '../manifest.ts';
import { Cluster, type Environment } from './environments.ts';
import { withPortForward } from './port-forward.ts';
import { Refusal } from './refusal.ts';
import { waitForRollouts } from './rollouts.ts';
import type { Runner } from './runner.ts';

export interface VerifyOptions {
  readonly environment: Environment;
  /** How long a receipt may take; a worker that has just started tunes first. */
  readonly receiptMsMax: number;
}

export interface VerifyDeps {
  readonly runner: Runner;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  readonly rendering: Rendering;
}

const REQUEST_MS_MAX = 10_000;
const POLL_MS = 1000;

/**
 * Looks at what was deployed: rolled out, healthy, ready, and a receipt of its own workers accepted while it looks.
 *
 * @throws Refusal with the first thing that is not so
 */
export async function verifyDeployment(options: VerifyOptions, deps: VerifyDeps): Promise<void> {
  const { environment, receiptMsMax } = options;
  const { print, rendering } = deps;
  const cluster = Cluster.open(environment, deps);
  await waitForRollouts(cluster, rendering.objects);
  print('rolled out');
  await withPortForward(cluster, { service: 'tops-worker-service', port: 8082 }, async (worker) => {
    await expectOk(`${worker}/health`);
    await expectOk(`${worker}/ready`);
    print('worker: healthy and ready');
    const { did } = (await getJson(`${worker}/status`)) as { did?: unknown };
    if (typeof did !== 'string') throw new Refusal('the worker does not say its key');
    await withPortForward(cluster, { service: 'tops-verifier', port: 8081 }, async (verifier) => {
      await expectOk(`${verifier}/health`);
      await expectOk(`${verifier}/ready`);
      print('verifier: healthy and ready');
      const accepted = await waitForReceipt(`${verifier}/v1/workers/${did}`, receiptMsMax);
      print(`receipts: ${accepted} more accepted while looking`);
    });
  });
}

async function waitForReceipt(url: string, waitMsMax: number): Promise<number> {
  const deadline = performance.now() + waitMsMax;
  const before = await acceptedCount(url);
  for (;;) {
    const more = (await acceptedCount(url)) - before;
    if (more > 0) return more;
    if (performance.now() > deadline) {
      throw new Refusal(`expected a receipt accepted within ${waitMsMax / 1000} s, got none`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** 0 for a key without a record. */
async function acceptedCount(url: string): Promise<number> {
  const response = await request(url);
  if (response.status === 404) return 0;
  const { accepted } = (await response.json()) as { accepted?: unknown };
  if (typeof accepted !== 'number')
    throw new Refusal(`${url}: expected a count, got ${response.status}`);
  return accepted;
}

async function expectOk(url: string): Promise<void> {
  const { status } = await request(url);
  if (status !== 200) throw new Refusal(`${new URL(url).pathname}: expected 200, got ${status}`);
}

async function getJson(url: string): Promise<unknown> {
  return (await request(url)).json();
}

async function request(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS_MAX) });
  } catch (error) {
    throw new Refusal(`${new URL(url).pathname}: no answer`, { cause: error });
  }
}
