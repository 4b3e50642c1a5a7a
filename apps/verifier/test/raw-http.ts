import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What came back over one TCP connection until it was closed. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Writes the bytes and reads until the peer closes. */
export async function sendRaw(
  port: number,
  bytes: string | Uint8Array,
  options: { readonly end?: boolean } = {},
): Promise<RawAnswer> {
  const socket = await openSocket(port);
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  const closed = new Promise<void>((resolve) => {
    socket.once('end', () => {
      resolve();
    });
    socket.once('close', () => {
      resolve();
    });
  });
  socket.write(bytes);
  if (options.end === true) socket.end();
  await closed;
  socket.destroy();
  const text = Buffer.concat(parts).toString('latin1');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), headers: head, body: rest.join('\r\n\r\n') };
}
