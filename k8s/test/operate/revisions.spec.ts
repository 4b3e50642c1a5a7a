import { afterEach, describe, expect, it } from '@jest/globals';
import { environmentNamed } from '../../src/operate/environments.ts';
import { currentRevisions, parseRevisions } from '../../src/operate/revisions.ts';
import { rollback, type RollbackOptions } from '../../src/operate/rollback.ts';
import { renderingOf } from '../rendered.ts';
import { FakePrograms, but, type Answer } from './fake-programs.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const staging = environmentNamed('staging');
const rendering = renderingOf('staging');

function contextWith(...answers: readonly Answer[]) {
  const fake = new FakePrograms(but('kubectl', ...answers));
  cleanups.push(() => fake.remove());
  return { fake, context: { runner: fake.runner, env: fake.env, rendering } };
}

const runs = (name: string, stdout: string): Answer => ({
  when: ['get', `deployment/${name}`],
  stdout,
});

describe('revisions', () => {
  it('are those that the cluster counts, without who is not there yet', () => {
    const { fake, context } = contextWith(runs('tops-verifier', '12'), runs('tops-worker', ''));
    expect(currentRevisions(staging, context)).toEqual({ 'tops-verifier': '12' });
    expect(fake.calls[1]?.args.slice(2)).toEqual([
      ...['get', 'deployment/tops-verifier', '--ignore-not-found'],
      '--output=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}',
    ]);
  });

  it.each(['[]', 'null', '"x"', '{"tops-worker":"-1"}', '{"tops-worker":3}', '{"a":"1 --x"}'])(
    'are not %s',
    (text) => {
      expect(() => parseRevisions(text)).toThrow('expected');
    },
  );
});

describe('a rollback to what was noted', () => {
  async function undo(options: Omit<RollbackOptions, 'environment'>) {
    const { fake, context } = contextWith();
    await rollback({ environment: staging, ...options }, context);
    return fake.lines
      .filter((line) => / undo /.test(line))
      .map((line) => line.replace(/^.* undo /, ''));
  }

  it('names the revision of each, so that who was not changed stays; all are tried first', async () => {
    expect(await undo({ noted: { 'tops-verifier': '12', 'tops-worker': '4' } })).toEqual([
      'deployment/tops-verifier --to-revision=12 --dry-run=server',
      'deployment/tops-worker --to-revision=4 --dry-run=server',
      'deployment/tops-verifier --to-revision=12',
      'deployment/tops-worker --to-revision=4',
    ]);
  });

  it('leaves alone who was not there', async () => {
    expect(await undo({ noted: { 'tops-worker': '4' } })).toEqual([
      'deployment/tops-worker --to-revision=4 --dry-run=server',
      'deployment/tops-worker --to-revision=4',
    ]);
  });

  it('refuses when nothing ran, and another choice beside it', async () => {
    await expect(undo({ noted: {} })).rejects.toThrow('nothing ran before');
    await expect(undo({ noted: {}, app: 'worker' })).rejects.toThrow('without --app');
  });
});
