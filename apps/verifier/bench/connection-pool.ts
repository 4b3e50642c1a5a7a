import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Waiting {
  readonly request: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keep-alive HTTP/1.1 connections to one verifier, one request on each at a time, by hand over sockets: the load
 * generator has to cost far less than what it measures. Requests beyond `maxConnections` wait in order of arrival.
 */
export class ConnectionPool {
  readonly #port: number;
  readonly #maxConnections: number;
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  #openCount = 0;

  constructor(options: { readonly port: number; readonly maxConnections: number }) {
    this.#port = options.port;
    this.#maxConnections = options.maxConnections;
  }

  post(path: string, body: string): Promise<Answer> {
    return this.#send(
      `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  get(path: string): Promise<Answer> {
    return this.#send(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  }

  close(): void {
    for (const connection of this.#idle) connection.destroy();
  }

  #send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#idle.pop() ?? this.#open();
      if (connection === undefined) return;
      const next = this.#waiting.shift();
      if (next !== undefined) connection.exchange(next);
    }
  }

  #open(): Connection | undefined {
    if (this.#openCount >= this.#maxConnections) return undefined;
    this.#openCount++;
    return new Connection(this.#port, {
      onIdle: (connection) => {
        this.#idle.push(connection);
        this.#dispatch();
      },
      onClosed: (connection) => {
        this.#openCount--;
        const index = this.#idle.indexOf(connection);
        if (index >= 0) this.#idle.splice(index, 1);
        this.#dispatch();
      },
    });
  }
}

/** Several verifiers behind one face: each request goes to the next of them, as a plain load balancer sends it. */
export class SpreadPool {
  readonly #pools: readonly ConnectionPool[];
  #nextIndex = 0;

  /** @param pools - at least one. */
  constructor(pools: readonly ConnectionPool[]) {
    this.#pools = pools;
  }

  post(path: string, body: string): Promise<Answer> {
    const pool = this.#pools[this.#nextIndex++ % this.#pools.length];
    if (pool === undefined) throw new RangeError('expected a pool, got none');
    return pool.post(path, body);
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #onIdle: (connection: Connection) => void;
  #current: Waiting | undefined;
  #received = '';

  constructor(
    port: number,
    events: {
      readonly onIdle: (connection: Connection) => void;
      readonly onClosed: (connection: Connection) => void;
    },
  ) {
    this.#onIdle = events.onIdle;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (part: string) => {
      this.#received += part;
      this.#readAnswer();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#current?.reject(new Error('the connection closed before its answer'));
      this.#current = undefined;
      events.onClosed(this);
    });
  }

  exchange(waiting: Waiting): void {
    this.#current = waiting;
    this.#socket.write(waiting.request);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #readAnswer(): void {
    const headersEnd = this.#received.indexOf('\r\n\r\n');
    if (headersEnd < 0) return;
    const headers = this.#received.slice(0, headersEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(headers)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#socket.destroy(new Error('expected a content-length'));
      return;
    }
    const end = headersEnd + 4 + length;
    if (this.#received.length < end) return;
    const answer = {
      status: Number(headers.slice(9, 12)),
      body: this.#received.slice(headersEnd + 4, end),
    };
    this.#received = '';
    const current = this.#current;
    this.#current = undefined;
    current?.resolve(answer);
    if (/\r\nconnection: *close/i.test(headers)) this.#socket.destroy();
    else this.#onIdle(this);
  }
}
