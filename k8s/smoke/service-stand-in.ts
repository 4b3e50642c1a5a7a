import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** A Service of the cluster on this machine: each connection goes to the next of its pods. */
export class ServiceStandIn {
  readonly #server: Server;
  readonly #ports: number[] = [];
  #turn = 0;

  constructor() {
    this.#server = createServer((client) => {
      const port = this.#ports[this.#turn++ % this.#ports.length];
      if (port === undefined) {
        client.destroy();
        return;
      }
      const pod = connect(port, '127.0.0.1');
      client.pipe(pod).pipe(client);
      client.on('error', () => pod.destroy());
      pod.on('error', () => client.destroy());
    });
  }

  /** @returns its base address */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('expected a TCP port');
    return `http://127.0.0.1:${address.port}`;
  }

  addPod(port: number): void {
    this.#ports.push(port);
  }

  close(): void {
    this.#server.close();
  }
}
