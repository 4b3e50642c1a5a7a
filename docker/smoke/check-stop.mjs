// `docker stop` while a request is in flight: it is answered whole, nothing is lost, and the container ends in time with 0.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, containerOf, docker, logsOf, stateOf, stop } from './containers.mjs';
import { waitFor } from './wait-for.mjs';

const STOP_TIMEOUT_MS = 10_000;
/** How long a request is kept in flight after the stop. */
const HELD_MS = 1500;
const LOG_TIMEOUT_MS = 20_000;

function checkEnd(checks, name, elapsedMs) {
  checks.check(elapsedMs < STOP_TIMEOUT_MS, `${name} stops in ${Math.round(elapsedMs)} ms`);
  checks.check(stateOf(name, 'ExitCode') === '0', `${name} exits with 0`);
}

const messagesOf = (name) =>
  logsOf(name)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** The verifier is frozen, so that what the worker has sent stays unanswered until after the stop. */
export async function checkWorkerStop(checks) {
  docker('pause', containerOf('verifier'));
  let stopping;
  try {
    await sleep(HELD_MS);
    stopping = stop('worker-cpu');
    const isTold = () => logsOf('worker-cpu').includes('"message":"shutting down"');
    await waitFor(isTold, LOG_TIMEOUT_MS);
    await sleep(HELD_MS);
  } finally {
    docker('unpause', containerOf('verifier'));
  }
  checkEnd(checks, 'worker-cpu', await stopping);
  const log = messagesOf('worker-cpu');
  const stopAt = log.findIndex(({ message }) => message === 'shutting down');
  const isAccepted = ({ message }) => message === 'receipt accepted';
  const lateCount = log.slice(stopAt).filter(isAccepted).length;
  checks.check(
    stopAt >= 0 && lateCount > 0,
    `its answers in flight are finished: ${lateCount} accepted after the stop`,
  );
  checks.check(
    !log.some(({ message }) => message.startsWith('answers in flight cut off')),
    'none is cut off',
  );
}

/** A request of which half has arrived when the verifier is stopped. */
export async function checkVerifierStop(checks) {
  const [host, port] = addressOf('verifier', 8081).split(':');
  const body = JSON.stringify({ text: 'no receipt' });
  const socket = connect({ host, port: Number(port) });
  const answer = readToEnd(socket);
  socket.write(
    [
      'POST /v1/receipts HTTP/1.1',
      'Host: verifier',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body.slice(0, 5),
    ].join('\r\n'),
  );
  await sleep(HELD_MS);
  const stopping = stop('verifier');
  const isTold = () => logsOf('verifier').includes('"message":"shutting down"');
  await waitFor(isTold, LOG_TIMEOUT_MS);
  await sleep(HELD_MS);
  checks.check(
    (await refusalOf({ host, port: Number(port) })) !== undefined,
    'the verifier takes no new connection while it stops',
  );
  socket.write(body.slice(5));
  const [head, content = ''] = (await answer).split('\r\n\r\n');
  const expectedBytes = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
  checks.check(
    /^HTTP\/1\.1 4\d\d /.test(head) && Buffer.byteLength(content) === expectedBytes,
    `a request in flight is answered whole: ${head.split('\r\n')[0]}, ${expectedBytes} bytes`,
  );
  checkEnd(checks, 'verifier', await stopping);
}

/** Everything that is sent until the other side closes; what was sent before an error counts. */
function readToEnd(socket) {
  return new Promise((resolve) => {
    const chunks = [];
    const end = () => resolve(Buffer.concat(chunks).toString('utf8'));
    socket
      .setTimeout(STOP_TIMEOUT_MS, () => socket.destroy())
      .on('data', (chunk) => chunks.push(chunk))
      .on('error', end)
      .on('close', end);
  });
}

/** Why an HTTP request gets no answer; undefined when it does. The engine's proxy may accept, and close at once. */
async function refusalOf({ host, port }) {
  const socket = connect({ host, port });
  socket.write('GET /health HTTP/1.1\r\nHost: verifier\r\nConnection: close\r\n\r\n');
  const text = await readToEnd(socket);
  return text === '' ? 'closed' : undefined;
}
