// The compose stack, killed and back: node docker/smoke/run-compose-smoke.mjs
//
// First as it is by default, then with the profiles postgres and monitoring.
import process from 'node:process';
import { demandEngine } from '../build/images.mjs';
import { allProfiles } from '../compose-command.mjs';
import { CheckList } from './check-list.mjs';
import { checkHardening, checkVolumes } from './check-hardening.mjs';
import { checkGrafana, checkPrometheus } from './check-monitoring.mjs';
import { checkKill, checkReceipts } from './check-receipts.mjs';
import { imageIn, obtainImage } from './foreign-images.mjs';
import { createStack } from './stack.mjs';

const STOP_TIMEOUT_MS = 30_000;
const SIGNALS = ['SIGINT', 'SIGTERM'];

const checks = new CheckList('docker-compose-smoke');

async function withStack(profiles, use) {
  const stack = createStack(profiles);
  const cutOff = () => {
    stack.remove();
    process.exit(130);
  };
  for (const signal of SIGNALS) process.once(signal, cutOff);
  try {
    await use(stack);
  } finally {
    for (const signal of SIGNALS) process.off(signal, cutOff);
    stack.remove();
  }
}

function checkEnd(stack) {
  const begin = performance.now();
  stack.compose('stop');
  const elapsedMs = performance.now() - begin;
  checks.check(elapsedMs < STOP_TIMEOUT_MS, `all stop in ${Math.round(elapsedMs)} ms`);
  for (const [service, { State }] of Object.entries(stack.inspect()))
    checks.check(State.ExitCode === 0, `${service} exited with ${State.ExitCode}`);
}

async function checkDefault() {
  checks.begin('compose, by default');
  await withStack([], async (stack) => {
    stack.compose('up', '--detach');
    await checkReceipts(checks, stack);
    checkHardening(checks, stack);
    checkVolumes(checks, stack, {
      'verifier-key': ['verifier-key', 'verifier'],
      'worker-key': ['worker-key', 'worker-cpu'],
    });
    await checkKill(checks, stack, 'verifier');
    checkEnd(stack);
  });
}

/** Modes of files as the service sees them, in octal, between spaces. */
function modesOf(stack, service, paths) {
  const code = `console.log(${JSON.stringify(paths)}.map((p) => (require('fs').statSync(p).mode & 511).toString(8)).join(' '))`;
  return stack.compose('exec', '-T', service, '/usr/local/bin/node', '-e', code);
}

function checkDatabase(stack) {
  const query = (sql) =>
    stack.compose(
      ...['exec', '-T', 'postgres', 'psql', '--username=postgres', '--dbname=tops'],
      ...['--tuples-only', '--no-align', '--command', sql],
    );
  const count = Number(query('SELECT count(*) FROM tops.receipts'));
  checks.check(count > 0, `${count} receipts are in PostgreSQL`);
  checks.check(
    query(
      "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'tops'",
    ) === 'f',
    "the verifier's role owns its database and nothing else",
  );
  checks.check(
    query("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'postgres'") === 't',
    'the superuser has no password to log in with',
  );
  const paths = ['/run/tops-database', '/run/tops-database/password', '/run/tops-database/url'];
  checks.check(
    modesOf(stack, 'verifier', paths) === '750 640 600',
    'the password is for the database and the verifier alone',
  );
}

/** By its address too: a name that is not found is no wall. */
function checkIsolation(stack) {
  const { Networks: networks } = stack.inspect().postgres.NetworkSettings;
  const [{ IPAddress: address }] = Object.values(networks);
  const reach = (service, host) =>
    stack.compose(
      ...['exec', '-T', service, '/usr/local/bin/node', '-e'],
      `const s = require('net').connect(5432, '${host}', () => end('open'));
       const end = (word) => { console.log(word); process.exit(); };
       s.setTimeout(2000, () => end('shut')).on('error', () => end('shut'));`,
    );
  checks.check(reach('verifier', 'postgres') === 'open', 'the verifier reaches the database');
  for (const host of ['postgres', address])
    checks.check(reach('worker-cpu', host) === 'shut', `the worker does not, as ${host}`);
}

/** Real images where they can be had. @returns services that cannot be started here */
function chooseImages(stack) {
  const config = `${stack.compose('config')}\n`;
  return ['postgres', 'prometheus', 'alertmanager', 'grafana'].filter((service) => {
    const { kind, reference } = obtainImage(service, imageIn(config, service));
    console.log(`  ${service}: ${kind === 'none' ? 'no image to be had of' : kind} ${reference}`);
    stack.setImage(service, reference);
    return kind === 'none';
  });
}

async function checkProfiles() {
  checks.begin('compose, profiles postgres and monitoring');
  await withStack(['postgres', 'monitoring'], async (stack) => {
    const absent = chooseImages(stack);
    for (const service of absent)
      checks.skip(`${service}: its image cannot be pulled, its configuration alone was read`);
    const services = ['worker-cpu', 'prometheus', 'grafana'].filter((one) => !absent.includes(one));
    stack.compose('up', '--detach', ...services);
    await checkReceipts(checks, stack);
    checkDatabase(stack);
    checkIsolation(stack);
    checkHardening(checks, stack);
    checkVolumes(checks, stack, {
      'verifier-key': ['verifier-key', 'verifier'],
      'worker-key': ['worker-key', 'worker-cpu'],
      'database-secret': ['database-secret', 'postgres', 'verifier'],
      ...(absent.includes('grafana')
        ? {}
        : { 'grafana-password': ['grafana-password', 'grafana'] }),
    });
    await checkPrometheus(checks, stack);
    if (!absent.includes('grafana')) await checkGrafana(checks, stack);
    await checkKill(checks, stack, 'verifier');
    await checkKill(checks, stack, 'postgres');
    checkEnd(stack);
  });
}

/** No machine of a test has them all, but a mistake in the files shows anywhere. */
function checkConfiguration() {
  checks.begin('compose, every profile');
  const config = createStack(allProfiles).compose('config');
  const services = ['worker-gpu', 'grafana', 'postgres'];
  checks.check(
    services.every((service) => config.includes(`\n  ${service}:\n`)),
    `the files are read, with ${services.join(', ')}`,
  );
}

demandEngine();
await checks.run(async () => {
  checkConfiguration();
  await checkDefault();
  await checkProfiles();
});
