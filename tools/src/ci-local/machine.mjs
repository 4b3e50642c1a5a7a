// What of a workflow this machine can do: which runner it is like, and which commands ask for what is not here.
import process from 'node:process';
import { findEngine } from '../../../docker/build/images.mjs';

/** Programs that change the runner, speak to GitHub or to a cluster. */
const FOREIGN_PROGRAMS = {
  sudo: 'changes the machine (sudo)',
  gh: 'GitHub (gh)',
  cosign: 'an identity of GitHub (cosign)',
  kubectl: 'a cluster (kubectl)',
};
const ADVISORIES = /\bnpm (?:audit|outdated)\b/;
const ENGINE = /\bnx (?:run docker:(?!matrix\b)|image\b)/;
const CLUSTER =
  /\bnx run (?:tools:deploy|k8s:(?:deploy|verify|revisions|rollback|secrets|set-images))\b/;

/** The platform that a label of GitHub's runners stands for. */
export function platformOf(label) {
  if (/^ubuntu-/.test(label)) return `linux-${label.endsWith('-arm') ? 'arm64' : 'x64'}`;
  if (/^macos-/.test(label)) return `darwin-${/-(?:intel|large)$/.test(label) ? 'x64' : 'arm64'}`;
  return label;
}

export const thisPlatform = `${process.platform}-${process.arch}`;

let engine;
/** @returns why a script cannot run here, or undefined when it can */
export function whyNotHere(run, { isOnline }) {
  for (const [program, reason] of Object.entries(FOREIGN_PROGRAMS))
    if (new RegExp(`(?:^|[\\s;&|(])${program}\\s`, 'm').test(run)) return `needs ${reason}`;
  if (CLUSTER.test(run)) return 'needs a cluster';
  if (ADVISORIES.test(run) && !isOnline) return 'asks the registry for advisories (--online)';
  if (!ENGINE.test(run)) return undefined;
  engine ??= findEngine();
  return engine.version ? undefined : `no container engine answers: ${engine.reason}`;
}
