import type { Loose } from '../rendered.ts';

/** One way to break a manifest, and the rule that has to catch it. */
export interface Break {
  readonly rule: string;
  readonly what: string;
  /** An overlay, or a component. */
  readonly in: string;
  readonly target: string;
  readonly change: (object: Loose, objects: Loose[]) => void;
}

export const WORKER = 'Deployment tops-worker';
export const VERIFIER = 'Deployment tops-verifier';
