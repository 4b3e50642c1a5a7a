// The images' HEALTHCHECK: node healthcheck.mjs PORT_VARIABLE PATH. Exits with 0 on a 2xx answer and 1 on anything else.
import process from 'node:process';

const TIMEOUT_MS = 3000;

const [portVariable = 'PORT', path = '/health'] = process.argv.slice(2);
try {
  const url = `http://127.0.0.1:${process.env[portVariable]}${path}`;
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  console.log(`${path} ${status}`);
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  console.log(`${path} ${error.cause?.code ?? error.message}`);
  process.exitCode = 1;
}
