import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  jobsOf,
  matrixEntriesOf,
  readWorkflowFiles,
  stepsOf,
  triggersOf,
} from './workflow-files.mjs';

// What the pipeline has to have, row by row, and where it is. A row names the workflow, the job if there is one, and what is looked at.

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly 'runs-on'?: string;
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly 'timeout-minutes'?: number;
  readonly concurrency?: unknown;
  readonly steps?: readonly Step[];
  readonly env?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix?: unknown };
}

const files = readWorkflowFiles('.');
const file = (name: string) => files.find(({ path }) => path === `.github/workflows/${name}`);

function job(workflow: string, name: string): Job {
  const found = jobsOf(file(workflow)).find(([key]: [string, unknown]) => key === name);
  if (found === undefined) throw new Error(`${workflow} has no job ${name}`);
  return found[1] as Job;
}

const scriptOf = ({ steps = [] }: Job) => steps.map(({ run = '' }) => run).join('\n');
const usedBy = ({ steps = [] }: Job) => steps.map(({ uses = '' }) => uses.split('@')[0]);
const stepWith = ({ steps = [] }: Job, action: string) =>
  steps.find(({ uses = '' }) => uses.startsWith(`${action}@`));
const entriesOf = (one: Job) => matrixEntriesOf(one) as Readonly<Record<string, string>>[];

describe('triggers', () => {
  it.each([
    ['ci-cd.yml', 'push', { branches: ['main', 'master'], tags: ['v*'] }],
    ['ci-cd.yml', 'pull_request', { branches: ['main', 'master'] }],
    ['dependency-scan.yml', 'schedule', [{ cron: '0 2 * * 0' }]],
    ['dependency-scan.yml', 'push', { branches: ['main', 'master'] }],
    ['dependency-scan.yml', 'pull_request', { branches: ['main', 'master'] }],
    [
      'deploy.yml',
      'workflow_run',
      { workflows: ['ci-cd'], types: ['completed'], branches: ['main'] },
    ],
  ])('%s: %s', (workflow, trigger, settings) => {
    expect(triggersOf(file(workflow))[trigger]).toEqual(settings);
  });

  it('deploy.yml: by hand, a version or a way back', () => {
    const { inputs } = triggersOf(file('deploy.yml'))['workflow_dispatch'];
    expect(inputs.environment.options).toEqual(['staging', 'production']);
    expect(inputs.action.options).toEqual(['deploy', 'rollback']);
    expect(inputs.version.default).toBe('latest');
  });

  it('ci-cd.yml has no others', () => {
    expect(Object.keys(triggersOf(file('ci-cd.yml'))).sort()).toEqual(['pull_request', 'push']);
  });
});

describe('jobs', () => {
  it.each([
    ['ci-cd.yml', 'test', 'npm test'],
    ['ci-cd.yml', 'test', 'npx nx affected --targets=lint,typecheck,check,test,e2e'],
    ['ci-cd.yml', 'test', 'npm run format:check'],
    ['ci-cd.yml', 'audit', 'npm audit --audit-level=high'],
    ['ci-cd.yml', 'audit', 'npx nx run tools:check-licences'],
    ['ci-cd.yml', 'build', 'npx nx run-many --targets=executable,executable-gpu'],
    ['ci-cd.yml', 'build', 'npx nx run tools:try-executables'],
    ['ci-cd.yml', 'images', 'npx nx run docker:matrix'],
    ['ci-cd.yml', 'images', 'tools:release-files -- --tag="$GITHUB_REF_NAME" --only-tag'],
    ['ci-cd.yml', 'publish', '[ "$last" -gt "$GITHUB_RUN_NUMBER" ]'],
    ['ci-cd.yml', 'publish', '--tag "$of_commit" --tag "$IMAGE:latest" "$from"'],
    ['ci-cd.yml', 'docker', 'cosign sign --yes --recursive "$IMAGE@$DIGEST"'],
    ['ci-cd.yml', 'smoke', 'npx nx run docker:smoke'],
    ['ci-cd.yml', 'smoke', 'npx nx run docker:executables-smoke'],
    ['ci-cd.yml', 'k8s', 'npx nx run k8s:render'],
    ['ci-cd.yml', 'k8s', 'npx nx run k8s:validate'],
    ['ci-cd.yml', 'k8s', 'npx nx run k8s:diff'],
    ['ci-cd.yml', 'k8s-comment', 'gh pr comment'],
    ['ci-cd.yml', 'performance', 'npx nx bench kernel-cpu'],
    ['ci-cd.yml', 'performance', 'npx nx bench verifier'],
    ['ci-cd.yml', 'performance', 'npx nx run tools:compare-benches'],
    ['ci-cd.yml', 'release-files', 'npx nx run tools:release-files'],
    ['ci-cd.yml', 'release', '--generate-notes'],
    ['ci-cd.yml', 'release', 'in *-*) set -- --prerelease ;; esac'],
    ['dependency-scan.yml', 'audit', 'npm audit --audit-level=high'],
    ['dependency-scan.yml', 'audit', 'npm outdated'],
    ['dependency-scan.yml', 'images', 'npx nx image "$PROJECT"'],
    ['deploy.yml', 'staging', 'npx nx run tools:deploy -- --env=staging --tag="$TAG"'],
    ['deploy.yml', 'staging', 'npx nx run tools:deploy -- --env=staging --rollback'],
    ['deploy.yml', 'production', 'npx nx run tools:deploy -- --env=production --tag="$TAG"'],
    ['deploy.yml', 'production', 'npx nx run tools:deploy -- --env=production --rollback'],
  ])('%s: %s runs %s', (workflow, name, command) => {
    expect(scriptOf(job(workflow, name))).toContain(command);
  });

  it.each([
    ['ci-cd.yml', 'docker', 'docker/build-push-action'],
    ['ci-cd.yml', 'docker', 'actions/attest-build-provenance'],
    ['ci-cd.yml', 'release', 'actions/attest-build-provenance'],
    ['dependency-scan.yml', 'files', 'aquasecurity/trivy-action'],
    ['dependency-scan.yml', 'files', 'github/codeql-action/upload-sarif'],
    ['dependency-scan.yml', 'images', 'aquasecurity/trivy-action'],
    ['dependency-scan.yml', 'images', 'github/codeql-action/upload-sarif'],
    ['dependency-scan.yml', 'review', 'actions/dependency-review-action'],
    ['codeql.yml', 'analyze', 'github/codeql-action/analyze'],
    ['scorecard.yml', 'analysis', 'ossf/scorecard-action'],
  ])('%s: %s uses %s', (workflow, name, action) => {
    expect(usedBy(job(workflow, name))).toContain(action);
  });

  it.each([
    // Nothing is pushed that the smoke or the manifests fail with: a release waits for it too.
    ['ci-cd.yml', 'docker', ['test', 'audit', 'images', 'smoke', 'k8s']],
    [
      ...['ci-cd.yml', 'publish'],
      ['test', 'audit', 'build', 'images', 'docker', 'smoke', 'k8s', 'performance'],
    ],
    ['ci-cd.yml', 'build', ['test', 'audit']],
    ['ci-cd.yml', 'release-files', ['build', 'docker']],
    ['ci-cd.yml', 'release', ['release-files']],
    ['deploy.yml', 'production', ['staging']],
  ])('%s: %s waits for %s', (workflow, name, needed) => {
    expect([job(workflow, name).needs ?? []].flat()).toEqual(needed);
  });

  it.each([
    ['ci-cd.yml', 'performance', "github.event_name == 'push' && github.ref_type == 'branch'"],
    ['ci-cd.yml', 'release-files', "startsWith(github.ref, 'refs/tags/v')"],
    ['dependency-scan.yml', 'review', "github.event_name == 'pull_request'"],
  ])('%s: %s only if %s', (workflow, name, condition) => {
    expect(job(workflow, name).if).toBe(condition);
  });
});

describe('matrices and platforms', () => {
  it('test: Ubuntu and macOS with Node.js 22 and 24', () => {
    expect(entriesOf(job('ci-cd.yml', 'test'))).toEqual([
      { os: 'ubuntu-24.04', node: '22' },
      { os: 'ubuntu-24.04', node: '24' },
      { os: 'macos-15', node: '22' },
      { os: 'macos-15', node: '24' },
    ]);
  });

  it('test: WebGPU must run on Ubuntu', () => {
    expect(job('ci-cd.yml', 'test').env?.['REQUIRE_WEBGPU']).toBe(
      "${{ startsWith(matrix.os, 'ubuntu') && '1' || '' }}",
    );
  });

  it('build: Linux and macOS, both architectures', () => {
    const entries = entriesOf(job('ci-cd.yml', 'build'));
    expect(entries.map(({ platform }) => platform)).toEqual([
      'linux-x64',
      'linux-arm64',
      'darwin-arm64',
      'darwin-x64',
    ]);
  });

  it('docker: linux/amd64 and linux/arm64, to ghcr.io, with the cache of GitHub Actions and labels', () => {
    const docker = job('ci-cd.yml', 'docker');
    const build = stepWith(docker, 'docker/build-push-action')?.with;
    expect(build).toMatchObject({
      platforms: 'linux/amd64,linux/arm64',
      push: "${{ github.event_name == 'push' }}",
      labels: '${{ steps.meta.outputs.labels }}',
      sbom: true,
      provenance: 'mode=max',
    });
    expect(build?.['cache-from']).toMatch(/^type=gha,/);
    expect(build?.['cache-to']).toMatch(/^type=gha,.*mode=max/);
    expect(docker.env?.['IMAGE']).toMatch(/^ghcr\.io\//);
  });

  it('docker: the base by its digest, from a file that Renovate updates and that reaches every image', () => {
    const docker = job('ci-cd.yml', 'docker');
    const [, path = ''] = /image=\$\(cat (\S+)\)/.exec(scriptOf(docker)) ?? [];
    const text = readFileSync(path, 'utf8');
    expect(text).toMatch(/^node:24-bookworm-slim@sha256:[0-9a-f]{64}\n$/);
    expect(stepWith(docker, 'docker/build-push-action')?.with?.['build-args']).toBe(
      'NODE_IMAGE=${{ steps.base.outputs.image }}\n',
    );
    const [manager] = (
      JSON.parse(readFileSync('renovate.json', 'utf8')) as {
        customManagers: { managerFilePatterns: [string]; matchStrings: [string] }[];
      }
    ).customManagers;
    expect(path).toMatch(new RegExp(manager?.managerFilePatterns[0].slice(1, -1) ?? '^$'));
    expect(new RegExp(manager?.matchStrings[0] ?? '^$').exec(text)?.groups).toMatchObject({
      ...{ depName: 'node', currentValue: '24-bookworm-slim' },
      currentDigest: expect.stringMatching(/^sha256:/),
    });
  });

  it('docker: the matrix is that of the affected graph', () => {
    expect(job('ci-cd.yml', 'docker').strategy?.matrix).toBe(
      '${{ fromJSON(needs.images.outputs.matrix) }}',
    );
  });

  it('codeql: TypeScript and C++', () => {
    const languages = entriesOf(job('codeql.yml', 'analyze')).map(({ language }) => language);
    expect(languages).toEqual(expect.arrayContaining(['javascript-typescript', 'c-cpp']));
  });

  it('dependency-scan: each image', () => {
    const scanned = entriesOf(job('dependency-scan.yml', 'images')).map(({ image }) => image);
    expect(scanned).toEqual(['verifier', 'worker-cpu', 'worker-gpu']);
  });

  it('docker: `latest` is moved for every image once all is green, on the default branch', () => {
    const docker = job('ci-cd.yml', 'docker');
    expect(stepWith(docker, 'docker/metadata-action')?.with?.['tags']).toBe(
      'type=sha,format=long\ntype=ref,event=tag\n',
    );
    const publish = job('ci-cd.yml', 'publish');
    const repositories = entriesOf(publish).map(({ repository }) => repository);
    expect(repositories).toEqual(['tops-verifier', 'tops-worker-cpu', 'tops-worker-gpu']);
    // Skipped is not failed: a change that reaches no image still gives them the name of its commit.
    expect(publish.if?.replace(/\s+/g, ' ')).toBe(
      "!failure() && !cancelled() && github.event_name == 'push' && github.ref_type == 'branch' && " +
        'github.ref_name == github.event.repository.default_branch',
    );
  });

  it('deploy: what is approved is the commit that staging ran', () => {
    for (const name of ['staging', 'production'])
      expect(job('deploy.yml', name).env?.['TAG']).toBe(
        "${{ inputs.version || format('sha-{0}', github.event.workflow_run.head_sha) }}",
      );
  });

  it('deploy: one after the other in each environment, none dropped, with time for the way back', () => {
    for (const [name, minutesMin] of [
      ['staging', 2 * 30 + 30],
      // A canary of 45 minutes and a Deployment of 15, there and back.
      ['production', 2 * 60 + 30],
    ] as const) {
      const one = job('deploy.yml', name);
      expect(one.concurrency).toEqual({
        ...{ group: `deploy-${name}`, 'cancel-in-progress': false, queue: 'max' },
      });
      expect(one['timeout-minutes']).toBeGreaterThanOrEqual(minutesMin);
    }
  });

  it('executables and what tries them elsewhere are linked on the same Ubuntu', () => {
    const [linux] = entriesOf(job('ci-cd.yml', 'build'));
    expect(job('ci-cd.yml', 'smoke')['runs-on']).toBe(linux?.['os']);
  });

  it('deploy: each environment by its name, for its approval', () => {
    expect(job('deploy.yml', 'staging').environment).toBe('staging');
    expect(job('deploy.yml', 'production').environment).toBe('production');
  });
});

describe('artifacts', () => {
  it.each([
    ['build', 30, 'dist/executables/*.tar.gz'],
    ['performance', 90, 'dist/bench/*.json'],
    ['release-files', 30, 'dist/release/*'],
  ])('%s keeps for %d days %s', (name, days, path) => {
    const kept = stepWith(job('ci-cd.yml', name), 'actions/upload-artifact')?.with;
    expect(kept).toMatchObject({ 'retention-days': days, path, 'if-no-files-found': 'error' });
  });
});

describe('every job', () => {
  it('that checks out installs by the one setup action, or installs nothing', () => {
    for (const one of files.filter(({ isAction }) => !isAction))
      for (const { step } of stepsOf(one))
        expect(step.run ?? '').not.toMatch(/\bnpm (ci|install)\b/);
  });

  it('that writes to the repository checks nothing out', () => {
    for (const name of ['release', 'k8s-comment'])
      expect(usedBy(job('ci-cd.yml', name))).not.toContain('actions/checkout');
  });
});
