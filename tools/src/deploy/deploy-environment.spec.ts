import { describe, expect, it } from '@jest/globals';
import { deployEnvironment, rollBack } from './deploy-environment.mjs';
import { UntrustedImageError } from './image-trust.mjs';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const images = [
  { name: 'tops-verifier', newName: 'ghcr.io/owner/tops-verifier' },
  { name: 'tops-worker-cpu', newName: 'ghcr.io/owner/tops-worker-cpu' },
];

/** Programs and targets that note what they were asked, and fail where told so. */
function stage({ failing = [], isDirty = true }: { failing?: string[]; isDirty?: boolean } = {}) {
  const calls: string[] = [];
  const call = (what: string) => {
    calls.push(what);
    if (failing.some((start) => what.startsWith(start))) throw new Error(`${what} failed`);
  };
  const deps = {
    run: (program: string, args: string[]) => {
      call([program, ...args].join(' '));
      if (program === 'docker') return `${digest(args[3]?.includes('verifier') ? 'a' : 'b')}\n`;
      return program === 'git' && isDirty ? ' M k8s\n' : '';
    },
    nx: (target: string, args: string[]) => {
      call([target, ...args].join(' '));
    },
    print: () => undefined,
  };
  return { deps, calls };
}

const options = { environment: 'staging', images, tag: 'v1.2.3', repository: 'owner/name' };
const names = (calls: string[]) => calls.map((call) => call.split(' ').slice(0, 2).join(' '));

describe('deployEnvironment', () => {
  it('verifies every image before it changes anything, and deploys by digest', () => {
    const { deps, calls } = stage();
    expect(deployEnvironment(options, deps)).toBe(true);
    expect(names(calls)).toEqual([
      ...['docker buildx', 'cosign verify', 'gh attestation'],
      ...['docker buildx', 'cosign verify', 'gh attestation'],
      ...['k8s:set-images --env=staging', 'git status', 'git -c'],
      ...['k8s:revisions --env=staging', 'k8s:deploy --env=staging', 'k8s:verify --env=staging'],
    ]);
    expect(calls[6]).toBe(
      `k8s:set-images --env=staging --tag=v1.2.3 --digest=tops-verifier=${digest('a')} --digest=tops-worker-cpu=${digest('b')}`,
    );
  });

  it('commits nothing where the overlay says it already', () => {
    const { deps, calls } = stage({ isDirty: false });
    expect(deployEnvironment(options, deps)).toBe(true);
    expect(names(calls)).not.toContain('git -c');
  });

  it.each([
    { failing: 'cosign verify', what: 'signature' },
    { failing: 'gh attestation', what: 'provenance' },
  ])('changes nothing without a $what', ({ failing, what }) => {
    const { deps, calls } = stage({ failing: [failing] });
    expect(() => deployEnvironment(options, deps)).toThrow(UntrustedImageError);
    expect(() => deployEnvironment(options, stage({ failing: [failing] }).deps)).toThrow(what);
    expect(calls.some((call) => call.startsWith('k8s:'))).toBe(false);
  });

  it('changes nothing when the second image is not trusted', () => {
    const { deps, calls } = stage();
    const run = (program: string, args: string[]) => {
      if (program === 'cosign' && args.at(-1)?.includes('worker')) throw new Error('no signature');
      return deps.run(program, args);
    };
    expect(() => deployEnvironment(options, { ...deps, run })).toThrow('tops-worker-cpu@');
    expect(calls.some((call) => call.startsWith('k8s:'))).toBe(false);
  });

  it.each([
    { what: 'a tag that is an option', change: { tag: '--format=x' } },
    { what: 'no tag', change: { tag: '' } },
    { what: 'a repository that is none', change: { repository: 'owner/name/more' } },
    { what: 'no repository', change: { repository: '' } },
  ])('refuses $what before it asks anybody', ({ change }) => {
    const { deps, calls } = stage();
    expect(() => deployEnvironment({ ...options, ...change }, deps)).toThrow(UntrustedImageError);
    expect(calls).toEqual([]);
  });

  it('refuses what a registry calls a digest and is none', () => {
    const { deps } = stage();
    const run = () => 'latest';
    expect(() => deployEnvironment(options, { ...deps, run })).toThrow('expected a digest');
  });

  it('demands the workflow that publishes images, and its branches and tags', () => {
    const { deps, calls } = stage();
    deployEnvironment({ ...options, repository: 'ow.ner/name' }, deps);
    const pattern = /--certificate-identity-regexp=(\S+)/.exec(calls[1] ?? '')?.[1] ?? '';
    expect(calls[2]).toContain(`--cert-identity-regex=${pattern}`);
    const identity = (ref: string, file = 'ci-cd.yml', repository = 'ow.ner/name') =>
      `https://github.com/${repository}/.github/workflows/${file}@${ref}`;
    const fits = (text: string) => new RegExp(pattern).test(text);
    for (const ref of ['refs/heads/main', 'refs/heads/master', 'refs/tags/v1.0.0'])
      expect(fits(identity(ref))).toBe(true);
    for (const ref of ['refs/heads/mainly', 'refs/heads/x', 'refs/tags/x', 'refs/pull/1/merge'])
      expect(fits(identity(ref))).toBe(false);
    expect(fits(identity('refs/heads/main', 'other.yml'))).toBe(false);
    expect(fits(identity('refs/heads/main', 'ci-cd.yml', 'owXner/name'))).toBe(false);
    expect(fits(`https://evil.example/?${identity('refs/heads/main')}`)).toBe(false);
  });

  it.each(['k8s:deploy', 'k8s:verify'])('rolls back and looks again when %s fails', (target) => {
    const { deps, calls } = stage();
    let isFirst = true;
    const nx = (name: string, args: string[]) => {
      deps.nx(name, args);
      if (name !== target || !isFirst) return;
      isFirst = false;
      throw new Error(`${name} failed`);
    };
    expect(deployEnvironment(options, { ...deps, nx })).toBe(false);
    // Back to what was noted before: the revision before is another one for what this deployment does not change.
    const [, file] = /--out=(\S+)$/.exec(calls.find((call) => /revisions/.test(call)) ?? '') ?? [];
    expect(file).toMatch(/revisions\.json$/);
    expect(calls.slice(-2)).toEqual([
      `k8s:rollback --env=staging --noted=${file}`,
      'k8s:verify --env=staging',
    ]);
  });

  it('deploys nothing when it cannot note what runs', () => {
    const { deps, calls } = stage({ failing: ['k8s:revisions'] });
    expect(() => deployEnvironment(options, deps)).toThrow('k8s:revisions');
    expect(names(calls).at(-1)).toBe('k8s:revisions --env=staging');
  });

  it('fails aloud when what came before does not work either', () => {
    const { deps } = stage({ failing: ['k8s:verify'] });
    expect(() => deployEnvironment(options, deps)).toThrow('k8s:verify');
  });

  it('rolls nothing back when nothing was deployed', () => {
    const { deps, calls } = stage({ failing: ['k8s:set-images'] });
    expect(() => deployEnvironment(options, deps)).toThrow('k8s:set-images');
    expect(calls.some((call) => call.startsWith('k8s:rollback'))).toBe(false);
  });
});

describe('rollBack', () => {
  it('takes both back, or one to a revision', () => {
    const { deps, calls } = stage();
    rollBack({ environment: 'production' }, deps);
    rollBack({ environment: 'production', app: 'verifier', revision: '4' }, deps);
    expect(calls).toEqual([
      'k8s:rollback --env=production',
      'k8s:verify --env=production',
      'k8s:rollback --env=production --app=verifier --to-revision=4',
      'k8s:verify --env=production',
    ]);
  });
});
