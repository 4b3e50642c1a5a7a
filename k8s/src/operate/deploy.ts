import { parseManifests, type Rendering } from '../manifest.ts';
import { outsideSecrets } from '../outside-secrets.ts';
import { Cluster, type Environment } from './environments.ts';
import { imagesOf, isPinned, resolveDigest } from './images.ts';
import { Refusal } from './refusal.ts';
import { waitForRollouts } from './rollouts.ts';
import type { Runner } from './runner.ts';

export interface DeployOptions {
  readonly environment: Environment;
  /** Asks the cluster what it would do, and changes nothing. */
  readonly isDryRun: boolean;
}

export interface DeployDeps {
  readonly runner: Runner;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  readonly rendered: { readonly rendering: Rendering; readonly text: string };
  /** What `k8s:validate` finds in it. */
  readonly problems: readonly string[];
}

/**
 * Applies an overlay as committed, every image by its digest, and waits for it.
 *
 * @throws Refusal before anything is changed: a dirty tree, another context, an invalid rendering, an image of production
 *   without a digest, a Secret that is not there, an object that the cluster does not take; later when the pods do not come up
 */
export async function deploy(options: DeployOptions, deps: DeployDeps): Promise<void> {
  const { environment, isDryRun } = options;
  const { runner, print, rendered, problems } = deps;
  refuseDirtyTree(runner);
  if (problems.length > 0) throw new Refusal(`invalid:\n${problems.join('\n')}`);
  const cluster = Cluster.open(environment, deps);
  const { text, pins } = pinImages({ environment, rendered }, runner);
  refuseMissingSecrets(cluster, deps);
  const revision = runner.run('git', ['rev-parse', 'HEAD']).trim();
  print(`${isDryRun ? 'would deploy' : 'deploying'} ${revision} to ${environment.name}`);
  for (const pin of pins) print(`  ${pin}`);
  // Many objects are applied one by one: what the cluster refuses of the last must not be found with the others changed.
  apply(cluster, { text, isDryRun: true });
  if (isDryRun) return;
  apply(cluster, { text, isDryRun: false });
  await waitForRollouts(cluster, rendered.rendering.objects);
}

function apply(cluster: Cluster, { text, isDryRun }: { text: string; isDryRun: boolean }): void {
  // Conflicts are what a rollback or a hand left behind: the repository has the last word.
  const args = ['apply', '--server-side', '--force-conflicts', '--field-manager=tops-deploy'];
  cluster.kubectl([...args, ...(isDryRun ? ['--dry-run=server'] : []), '--filename=-'], {
    input: text,
    isShown: true,
  });
}

function refuseDirtyTree(runner: Runner): void {
  // All of them, whatever the person's own settings say: kustomize reads files that git does not have yet.
  const changes = runner.run('git', ['status', '--porcelain', '--untracked-files=all']).trimEnd();
  if (changes !== '') throw new Refusal(`expected a clean tree, got changes:\n${changes}`);
}

/** The rendering with every image by its digest: staging follows tags, production brings its own. */
function pinImages(
  { environment, rendered }: { environment: Environment; rendered: DeployDeps['rendered'] },
  runner: Runner,
): { readonly text: string; readonly pins: readonly string[] } {
  const images = imagesOf(rendered.rendering.objects);
  const loose = images.filter((image) => !isPinned(image));
  if (environment.name === 'production' && loose.length > 0) {
    throw new Refusal(
      `expected images with digests in production, got ${loose.join(', ')}: run k8s:set-images, or write it where the image is named, and commit`,
    );
  }
  const pinned = new Map(
    images.map((image) => [
      image,
      isPinned(image) ? image : `${image}@${resolveDigest(image, runner)}`,
    ]),
  );
  const text = rendered.text.replace(
    /^(\s*(?:- )?(?:image|imageName): )(\S+)$/gm,
    (_line, key: string, image: string) => `${key}${pinned.get(image) ?? image}`,
  );
  const left = imagesOf(parseManifests(text)).filter((image) => !isPinned(image));
  if (left.length > 0)
    throw new Error(`expected every image by its digest, got ${left.join(', ')}`);
  return { text, pins: [...pinned.values()] };
}

/** Refuses without the Secrets that pods need; says which of the others are not there yet. */
function refuseMissingSecrets(cluster: Cluster, { rendered, print }: DeployDeps): void {
  const referred = JSON.stringify(rendered.rendering.objects);
  const lacking = Object.entries(outsideSecrets)
    .filter(([name, { of }]) => of === undefined && referred.includes(`"${name}"`))
    .flatMap(([name, { keys, madeBy, mayComeLater = false }]) => {
      // Names of keys only: no value comes here.
      const found = cluster
        .kubectl([
          ...['get', 'secret', name, '--ignore-not-found'],
          '--output=go-template={{range $key, $value := .data}}{{$key}} {{end}}',
        ])
        .split(' ');
      const absent = keys.filter((key) => !found.includes(key));
      const text = `${name} lacks ${absent.join(', ')} (${madeBy})`;
      return absent.length === 0 ? [] : [{ text, mayComeLater }];
    });
  for (const { text } of lacking.filter((each) => each.mayComeLater)) print(`not yet: ${text}`);
  const missing = lacking.filter((each) => !each.mayComeLater).map(({ text }) => text);
  if (missing.length > 0) throw new Refusal(`expected Secrets, but ${missing.join('; ')}`);
}
