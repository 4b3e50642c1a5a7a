import type { ChildProcess } from 'node:child_process';
import type { Cluster } from './environments.ts';
import { Refusal } from './refusal.ts';

const OPEN_MS_MAX = 30_000;
const forwarding = /Forwarding from 127\.0\.0\.1:(\d+) ->/;

/** A Service of the cluster at a port of this machine, until `use` has ended. */
export async function withPortForward<T>(
  cluster: Cluster,
  { service, port }: { readonly service: string; readonly port: number },
  use: (baseUrl: string) => Promise<T>,
): Promise<T> {
  const child = cluster.start([
    'port-forward',
    `service/${service}`,
    `:${port}`,
    '--address=127.0.0.1',
  ]);
  try {
    return await use(`http://127.0.0.1:${await localPort(child, service)}`);
  } finally {
    child.kill();
  }
}

function localPort(child: ChildProcess, service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const refuse = (why: string): void => {
      reject(new Refusal(`port-forward to ${service} ${why}: ${output.trim()}`));
    };
    const timer = setTimeout(() => refuse('did not open in time'), OPEN_MS_MAX);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4096);
      const found = forwarding.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => {
      clearTimeout(timer);
      refuse(error.message);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      refuse('ended');
    });
  });
}
