// A compose stack under a project name and on ports of its own, so that one that somebody uses is left alone.
import { randomBytes, randomInt } from 'node:crypto';
import { capture } from '../build/images.mjs';
import { composeCommand, composeEnvironment } from '../compose-command.mjs';

const FIRST_PORT = 20_000;
const PORT_RANGE = 10_000;
const PORT_VARIABLES = {
  verifier: 'VERIFIER_HOST_PORT',
  'worker-cpu': 'WORKER_HOST_PORT',
  prometheus: 'PROMETHEUS_HOST_PORT',
  alertmanager: 'ALERTMANAGER_HOST_PORT',
  grafana: 'GRAFANA_HOST_PORT',
};

/** @param profiles - As in COMPOSE_PROFILES. */
export function createStack(profiles) {
  const project = `topssmoke${randomBytes(4).toString('hex')}`;
  const [program, ...before] = composeCommand({ project, profiles });
  const firstPort = FIRST_PORT + randomInt(PORT_RANGE);
  const ports = Object.fromEntries(
    Object.keys(PORT_VARIABLES).map((service, index) => [service, firstPort + index]),
  );
  const env = composeEnvironment({
    COMPOSE_PROFILES: profiles.join(','),
    // The worker names each receipt that it is told is accepted.
    LOG_LEVEL: 'debug',
    ...Object.fromEntries(
      Object.entries(PORT_VARIABLES).map(([service, name]) => [name, String(ports[service])]),
    ),
  });
  const compose = (...args) => capture(program, [...before, ...args], { env });
  return {
    compose,
    /** Takes another image for a service from here on. */
    setImage(service, reference) {
      env[`${service.replaceAll('-', '_').toUpperCase()}_IMAGE`] = reference;
    },
    address: (service) => `http://127.0.0.1:${ports[service]}`,
    /** What the engine knows about each container of the stack, by service. */
    inspect() {
      const filter = `label=com.docker.compose.project=${project}`;
      const ids = capture('docker', ['ps', '--all', '--quiet', '--filter', filter]).split('\n');
      const containers = JSON.parse(capture('docker', ['inspect', ...ids]));
      const nameOf = ({ Config }) => Config.Labels['com.docker.compose.service'];
      return Object.fromEntries(containers.map((container) => [nameOf(container), container]));
    },
    remove: () => compose('down', '--volumes', '--remove-orphans', '--timeout=5'),
  };
}
