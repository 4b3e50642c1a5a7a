import { overlayNames, type OverlayName } from '../renderings.ts';
import { Refusal } from './refusal.ts';
import type { Runner } from './runner.ts';

export interface Environment {
  readonly name: OverlayName;
  readonly namespace: string;
  /** The variable that names the context of kubectl, and the name without it. */
  readonly contextVariable: string;
  readonly defaultContext: string;
}

const environments: Readonly<Record<OverlayName, Environment>> = {
  staging: {
    name: 'staging',
    namespace: 'tops-worker-staging',
    contextVariable: 'STAGING_CONTEXT',
    defaultContext: 'tops-staging',
  },
  production: {
    name: 'production',
    namespace: 'tops-worker',
    contextVariable: 'PRODUCTION_CONTEXT',
    defaultContext: 'tops-production',
  },
};

/** @throws Refusal when no environment has that name */
export function environmentNamed(name: string | undefined): Environment {
  const known = overlayNames.find((each) => each === name);
  if (known !== undefined) return environments[known];
  throw new Refusal(`expected --env ${overlayNames.join(' or ')}, got ${name ?? 'nothing'}`);
}

/** kubectl for one environment: every call names context and namespace, whatever the person's own settings say. */
export class Cluster {
  readonly environment: Environment;
  readonly #runner: Runner;
  readonly #context: string;

  private constructor(environment: Environment, context: string, runner: Runner) {
    this.environment = environment;
    this.#context = context;
    this.#runner = runner;
  }

  /**
   * Asks for the current context, which has to be that of the environment: who has switched to another cluster means another
   * one, or does not know.
   *
   * @throws Refusal when it is another, or kubectl knows none
   */
  static open(
    environment: Environment,
    deps: { readonly runner: Runner; readonly env: NodeJS.ProcessEnv },
  ): Cluster {
    const { name, contextVariable, defaultContext } = environment;
    const expected = deps.env[contextVariable] || defaultContext;
    const current = deps.runner.run('kubectl', ['config', 'current-context']).trim();
    if (current !== expected) {
      throw new Refusal(
        `expected the context ${expected} for ${name} (or ${contextVariable}), got ${current || 'none'}`,
      );
    }
    return new Cluster(environment, expected, deps.runner);
  }

  kubectl(args: readonly string[], options?: Parameters<Runner['run']>[2]): string {
    return this.#runner.run('kubectl', [...this.#scope, ...args], options);
  }

  start(args: readonly string[]) {
    return this.#runner.start('kubectl', [...this.#scope, ...args]);
  }

  get #scope(): string[] {
    return [`--context=${this.#context}`, `--namespace=${this.environment.namespace}`];
  }
}
