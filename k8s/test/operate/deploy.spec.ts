import { afterEach, describe, expect, it } from '@jest/globals';
import { deploy } from '../../src/operate/deploy.ts';
import { Cluster, environmentNamed } from '../../src/operate/environments.ts';
import { parseManifests } from '../../src/manifest.ts';
import { imagesOf } from '../../src/operate/images.ts';
import { waitForRollouts } from '../../src/operate/rollouts.ts';
import { findRenderer } from '../../src/renderer.ts';
import { renderOverlay, type OverlayName } from '../../src/renderings.ts';
import { FakePrograms, but, digestOf, wellDisposed, type Answer } from './fake-programs.ts';

const fakes: FakePrograms[] = [];
afterEach(() => {
  for (const each of fakes.splice(0)) each.remove();
});

const renderer = findRenderer();
const production = { PRODUCTION_CONTEXT: 'tops-staging' };

/** The overlay as set-images would leave it. */
function rendered(name: OverlayName, isPinned = true) {
  const { text } = renderOverlay(name, { root: process.cwd(), renderer });
  const pinned = isPinned
    ? text.replace(/(image(?:Name)?: \S+:v?\d[\d.]+)$/gm, `$1@${digestOf('b')}`)
    : text;
  return { text: pinned, rendering: { name, objects: parseManifests(pinned) } };
}

async function attempt(options: {
  env?: OverlayName;
  answers?: Readonly<Record<string, readonly Answer[]>>;
  isPinned?: boolean;
  isDryRun?: boolean;
  problems?: readonly string[];
  variables?: Readonly<Record<string, string>>;
}) {
  const {
    env: name = 'staging',
    answers = wellDisposed,
    isDryRun = false,
    problems = [],
  } = options;
  const fake = new FakePrograms(answers);
  fakes.push(fake);
  const printed: string[] = [];
  let refusal: string | undefined;
  try {
    await deploy(
      { environment: environmentNamed(name), isDryRun },
      {
        runner: fake.runner,
        env: { ...fake.env, ...options.variables },
        print: (line) => printed.push(line),
        rendered: rendered(name, options.isPinned),
        problems,
      },
    );
  } catch (error) {
    refusal = (error as Error).message;
  }
  return { fake, printed, refusal, changes: fake.lines.filter((line) => line.includes(' apply ')) };
}

describe('deploy', () => {
  it('applies staging with what latest is now, then waits for it', async () => {
    const { fake, printed, refusal } = await attempt({});
    expect(refusal).toBeUndefined();
    const scope = '--context=tops-staging --namespace=tops-worker-staging';
    expect(fake.lines.filter((line) => !line.includes(' get secret '))).toEqual([
      'git status --porcelain --untracked-files=all',
      'kubectl config current-context',
      ...['tops-verifier', 'tops-worker-cpu'].map(
        (name) =>
          `docker buildx imagetools inspect ghcr.io/tops-worker/${name}:latest --format {{.Manifest.Digest}}`,
      ),
      'git rev-parse HEAD',
      ...[' --dry-run=server', ''].map(
        (dryRun) =>
          `kubectl ${scope} apply --server-side --force-conflicts --field-manager=tops-deploy${dryRun} --filename=-`,
      ),
      `kubectl ${scope} rollout status deployment/tops-verifier --timeout=15m`,
      `kubectl ${scope} rollout status deployment/tops-worker --timeout=15m`,
    ]);
    const [tried, applied = ''] = fake.calls
      .filter(({ args }) => args.includes('apply'))
      .map(({ input }) => input);
    expect(tried).toBe(applied);
    expect(imagesOf(parseManifests(applied))).toEqual([
      `ghcr.io/tops-worker/tops-verifier:latest@${digestOf('a')}`,
      `ghcr.io/tops-worker/tops-worker-cpu:latest@${digestOf('a')}`,
    ]);
    expect(printed[0]).toBe('deploying c0ffee to staging');
  });

  it('asks for names of keys only, never for a value', async () => {
    const { fake } = await attempt({});
    const asked = fake.calls.filter(({ args }) => args.includes('secret'));
    expect(asked.length).toBe(3);
    for (const { args } of asked) {
      expect(args.at(-1)).toBe(
        '--output=go-template={{range $key, $value := .data}}{{$key}} {{end}}',
      );
    }
  });

  it('applies production as it is pinned, and waits for the canary', async () => {
    const { fake, refusal } = await attempt({ env: 'production', variables: production });
    expect(refusal).toBeUndefined();
    expect(fake.lines.filter((line) => line.startsWith('docker'))).toEqual([]);
    const scope = 'kubectl --context=tops-staging --namespace=tops-worker';
    expect(fake.lines.slice(-4)).toEqual([
      `${scope} get deployment/tops-verifier --output=jsonpath={.metadata.generation}`,
      `${scope} get rollout/tops-verifier --output=jsonpath={.status.workloadObservedGeneration}`,
      `${scope} get rollout/tops-verifier --output=jsonpath={.status.phase} {.status.message}`,
      'kubectl --context=tops-staging --namespace=tops-worker rollout status deployment/tops-worker --timeout=15m',
    ]);
  });

  it('asks the cluster and changes nothing in a dry run', async () => {
    const { changes, fake } = await attempt({ isDryRun: true });
    expect(changes).toEqual([expect.stringContaining('--dry-run=server')]);
    expect(fake.lines.at(-1)).toBe(changes[0]);
  });

  it.each([
    [
      'a dirty tree',
      { answers: but('git', { when: ['status'], stdout: ' M k8s/base/worker.env\n' }) },
      'expected a clean tree, got changes:\n M k8s/base/worker.env',
    ],
    [
      'another context',
      { answers: but('kubectl', { when: ['current-context'], stdout: 'minikube\n' }) },
      'expected the context tops-staging for staging (or STAGING_CONTEXT), got minikube',
    ],
    [
      "staging's context for production",
      { env: 'production' as const },
      'expected the context tops-production for production (or PRODUCTION_CONTEXT), got tops-staging',
    ],
    [
      'no context at all',
      { answers: but('kubectl', { when: ['current-context'], stderr: 'not set', status: 1 }) },
      'kubectl config current-context: not set',
    ],
    [
      'a production image by its tag alone',
      { env: 'production' as const, isPinned: false, variables: production },
      expect.stringContaining(
        'expected images with digests in production, got ghcr.io/cloudnative-pg/postgresql:17.5, ghcr.io/tops-worker/tops-verifier:v0.1.0, ghcr.io/tops-worker/tops-worker-gpu:v0.1.0',
      ),
    ],
    [
      'an invalid rendering',
      { problems: ['probes: no readinessProbe'] },
      'invalid:\nprobes: no readinessProbe',
    ],
    [
      'a Secret that is not there',
      { answers: but('kubectl', { when: ['get', 'tops-verifier-secrets'], stdout: '' }) },
      'expected Secrets, but tops-verifier-secrets lacks VERIFIER_SK_HEX (k8s:secrets)',
    ],
    [
      'a tag that the registry does not have',
      { answers: but('docker', { when: ['imagetools'], stderr: 'not found', status: 1 }) },
      expect.stringContaining('not found'),
    ],
    [
      'an answer of the registry that is no digest',
      { answers: but('docker', { when: ['imagetools'], stdout: 'sha256:abc\n' }) },
      'ghcr.io/tops-worker/tops-verifier:latest: expected a digest, got sha256:abc',
    ],
  ])('refuses %s, and has changed nothing', async (_what, options, message) => {
    const { refusal, changes } = await attempt(options);
    expect(refusal).toEqual(message);
    expect(changes).toEqual([]);
  });

  it('goes on without a certificate, which may come later, and says so', async () => {
    const { refusal, printed, changes } = await attempt({
      answers: but('kubectl', { when: ['get', 'tops-verifier-tls'], stdout: '' }),
    });
    expect(refusal).toBeUndefined();
    expect(printed[0]).toBe(
      'not yet: tops-verifier-tls lacks tls.crt, tls.key (cert-manager, or by hand)',
    );
    expect(changes).toHaveLength(2);
  });

  it('changes nothing when the cluster would refuse a part of it', async () => {
    const { refusal, changes } = await attempt({
      answers: but('kubectl', {
        when: ['apply', '--dry-run=server'],
        stderr: 'no matches for kind "Rollout"',
        status: 1,
      }),
    });
    expect(refusal).toContain('no matches for kind "Rollout"');
    expect(changes).toEqual([expect.stringContaining('--dry-run=server')]);
  });

  it('says so when the pods do not come up', async () => {
    const { refusal } = await attempt({
      answers: but('kubectl', { when: ['rollout', 'status'], stderr: 'timed out', status: 1 }),
    });
    expect(refusal).toContain('timed out');
  });

  it('does not take its own refusals from a machine without kubectl', async () => {
    const { refusal } = await attempt({ answers: { git: wellDisposed.git } });
    expect(refusal).toContain('ENOENT');
  });
});

describe('waiting for a canary', () => {
  it('does not take the phase of the last rollout for that of this one', async () => {
    const fake = new FakePrograms(
      but('kubectl', {
        when: ['rollout/tops-verifier', '--output=jsonpath={.status.workloadObservedGeneration}'],
        stdout: '3',
        // The controller comes round at the third look.
        stdoutAfter: { calls: 2, stdout: '4' },
      }),
    );
    fakes.push(fake);
    const cluster = Cluster.open(environmentNamed('production'), {
      runner: fake.runner,
      env: production,
    });
    await waitForRollouts(cluster, rendered('production').rendering.objects);
    const order = fake.lines.map((line) => (line.includes('{.status.phase}') ? 'phase' : line));
    expect(order.filter((line) => line.includes('workloadObservedGeneration'))).toHaveLength(3);
    expect(order.indexOf('phase')).toBe(order.length - 2);
  });

  const phases = ['rollout/tops-verifier', '--output=jsonpath={.status.phase} {.status.message}'];
  const waitWith = async (answer: Omit<Answer, 'when'>) => {
    const fake = new FakePrograms(but('kubectl', { when: phases, ...answer }));
    fakes.push(fake);
    const cluster = Cluster.open(environmentNamed('production'), {
      runner: fake.runner,
      env: production,
    });
    await waitForRollouts(cluster, rendered('production').rendering.objects);
    return fake.lines.filter((line) => line.includes('{.status.phase}')).length;
  };

  it('goes on while it is under way', async () => {
    const stdoutAfter = { calls: 1, stdout: 'Healthy' };
    expect(await waitWith({ stdout: 'Progressing more replicas', stdoutAfter })).toBe(2);
    // Of what ran before: once is not enough.
    expect(await waitWith({ stdout: 'Degraded', stdoutAfter })).toBe(2);
  });

  it('ends when the analysis is against it, with what Argo says of it', async () => {
    await expect(waitWith({ stdout: 'Degraded RolloutAborted: metric failed' })).rejects.toThrow(
      'the rollout tops-verifier is Degraded: RolloutAborted: metric failed',
    );
  });
});
