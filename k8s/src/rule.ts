import type { Rendering } from './manifest.ts';

/** What a rule may look up beside the rendering. */
export interface Facts {
  /** Full names of every metric of the apps. */
  readonly metricNames: ReadonlySet<string>;
  /** Paths of the verifier's public surface, as its metrics label them. */
  readonly publicRoutes: readonly string[];
  /** Longest body that the verifier takes. */
  readonly bodyBytesMax: number;
}

/** One thing that has to hold of everything that is rendered. */
export interface Rule {
  readonly name: string;
  /** Why it is a rule, in a line. */
  readonly reason: string;
  /** @returns what is wrong, each with the object's name; empty when nothing is. */
  readonly check: (rendering: Rendering, facts: Facts) => string[];
}
