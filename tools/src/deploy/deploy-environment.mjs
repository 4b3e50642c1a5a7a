// A deployment from the choice of images to the look at what runs, and back when that is not well.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trustedDigests } from './image-trust.mjs';

/**
 * Deploys a tag by the digests that it stands for now, looks at it, and rolls back when it does not work.
 *
 * @param options - `environment`: staging or production; `images`: those of its overlay; `tag`; `repository`
 * @param deps - `run(program, args)`, `nx(target, args)`: both throw when what they run fails; `print`
 * @returns whether what was asked for runs now
 * @throws UntrustedImageError before anything is changed
 */
export function deployEnvironment({ environment, images, tag, repository }, deps) {
  const { run, nx, print } = deps;
  const env = `--env=${environment}`;
  const digests = trustedDigests({ images, tag, repository }, deps);
  nx('k8s:set-images', [
    env,
    `--tag=${tag}`,
    ...[...digests].map(([name, digest]) => `--digest=${name}=${digest}`),
  ]);
  // k8s:deploy applies what is committed. This commit is pushed nowhere: what it says is in the run's log.
  if (run('git', ['status', '--porcelain', '--untracked-files=no']).trim() !== '') {
    const identity = ['-c', 'user.name=deploy', '-c', 'user.email=deploy@localhost'];
    const message = `--message=chore(k8s): ${environment} is ${tag}`;
    run('git', [...identity, 'commit', '--quiet', '--all', '--no-verify', message]);
  }
  // Noted before anything is changed: "the revision before" is the wrong one for a Deployment that this does not change, and for all
  // of them when it is refused.
  const directory = mkdtempSync(join(tmpdir(), 'tops-deploy-'));
  const noted = join(directory, 'revisions.json');
  try {
    nx('k8s:revisions', [env, `--out=${noted}`]);
    try {
      nx('k8s:deploy', [env]);
      nx('k8s:verify', [env]);
      return true;
    } catch (error) {
      print(`${environment} does not work with ${tag}: ${error.message}`);
    }
    rollBack({ environment, noted }, deps);
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * @param options - `noted`: a file of `k8s:revisions`, for a way back to that; `app` and `revision` for one of them to one of its
 *   revisions; else both to the one before
 * @throws Error when what came before does not work either
 */
export function rollBack({ environment, noted = '', app = '', revision = '' }, { nx, print }) {
  const env = `--env=${environment}`;
  const only = [
    ...(noted === '' ? [] : [`--noted=${noted}`]),
    ...(app === '' ? [] : [`--app=${app}`]),
    ...(revision === '' ? [] : [`--to-revision=${revision}`]),
  ];
  nx('k8s:rollback', [env, ...only]);
  nx('k8s:verify', [env]);
  print(`${environment} runs what it ran before`);
}
