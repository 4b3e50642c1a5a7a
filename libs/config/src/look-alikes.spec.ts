import { describe, expect, it } from '@jest/globals';
import { editDistance, findLookAlikes } from './look-alikes.ts';

const known = ['WORKER_PORT', 'WORKER_SK_HEX', 'AGGREGATOR_URL', 'LOG_LEVEL', 'PORT', 'HOST'];
const prefixes = ['WORKER_', 'TOPS_'];
const hints = (env: Record<string, string>) =>
  findLookAlikes(env, { known, prefixes }).map((error) => [error.variable, error.hint]);

describe('findLookAlikes', () => {
  it('refuses typing errors and says what was meant', () => {
    expect(
      hints({
        WORKER_PROT: '1',
        WORKER_SK_HX: 'secret',
        AGREGATOR_URL: 'http://x',
        LOGLEVEL: 'debug',
        log_level: 'debug',
      }),
    ).toEqual([
      ['WORKER_PROT', 'did you mean WORKER_PORT?'],
      ['WORKER_SK_HX', 'did you mean WORKER_SK_HEX?'],
      ['AGREGATOR_URL', 'did you mean AGGREGATOR_URL?'],
      ['LOGLEVEL', 'did you mean LOG_LEVEL?'],
      ['log_level', 'did you mean LOG_LEVEL?'],
    ]);
  });

  it('refuses an unknown name under a prefix of its own without guessing wildly', () => {
    expect(hints({ WORKER_COLOUR_SCHEME: 'dark' })).toEqual([
      ['WORKER_COLOUR_SCHEME', 'docs/configuration.md lists the known ones'],
    ]);
  });

  it('lets the ordinary environment of a shell, npm and a pod pass', () => {
    const ordinary = {
      HOME: '/root',
      PATH: '/bin',
      HOSTNAME: 'pod-1',
      POST: '1',
      SHELL: '/bin/sh',
      NODE_OPTIONS: '--max-old-space-size=512',
      npm_config_loglevel: 'warn',
      npm_package_name: 'tops-worker',
      NX_TASK_TARGET_PROJECT: 'worker',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    };
    expect(hints(ordinary)).toEqual([]);
  });

  it('lets every Kubernetes service link pass, and nothing that only looks like one', () => {
    const links = {
      TOPS_VERIFIER_SERVICE_HOST: '10.0.0.7',
      TOPS_VERIFIER_SERVICE_PORT: '8081',
      TOPS_VERIFIER_SERVICE_PORT_HTTP: '8081',
      TOPS_VERIFIER_PORT: 'tcp://10.0.0.7:8081',
      TOPS_VERIFIER_PORT_8081_TCP: 'tcp://10.0.0.7:8081',
      TOPS_VERIFIER_PORT_8081_TCP_PROTO: 'tcp',
      TOPS_VERIFIER_PORT_8081_TCP_PORT: '8081',
      TOPS_VERIFIER_PORT_8081_TCP_ADDR: '10.0.0.7',
      TOPS_WORKER_SERVICE_SERVICE_HOST: '10.0.0.8',
    };
    expect(hints(links)).toEqual([]);
    expect(hints({ TOPS_VERIFIER_PORT: '8081' })).toHaveLength(1);
  });

  it('ignores unset, empty and neighbourly names', () => {
    expect(hints({ WORKER_PROT: ' ' })).toEqual([]);
    const neighbour = { known: [...known, 'TOPS_EPOCHS'], prefixes };
    expect(findLookAlikes({ TOPS_EPOCHS: '10' }, neighbour)).toEqual([]);
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['kitten', 'sitting', 3],
    ['PORT', 'PROT', 1],
    ['WORKER_PORT', 'WORKERPORT', 1],
  ])('%s to %s is %i', (left, right, edits) => {
    expect(editDistance(left, right)).toBe(edits);
    expect(editDistance(right, left)).toBe(edits);
  });
});
