// The images' part of .ci/run: node docker/run-ci.mjs
//
// Builds, measures and smokes them where a container engine answers, and says so where none does. A build that fails is a check that
// failed, so the closing count of .ci/run holds it.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findEngine, workspaceRoot } from './build/images.mjs';
import { CheckList } from './smoke/check-list.mjs';

const BUILD_TIMEOUT_MS = 1_800_000;
const SMOKE_TIMEOUT_MS = 900_000;

function runTarget(target, timeout) {
  const begin = performance.now();
  const nx = ['node_modules/nx/dist/bin/nx.js', 'run', `docker:${target}`, '--output-style=static'];
  const { status } = spawnSync(process.execPath, nx, {
    cwd: workspaceRoot,
    stdio: 'inherit',
    timeout,
  });
  return { isDone: status === 0, seconds: Math.round((performance.now() - begin) / 1000) };
}

const engine = findEngine();
if (!engine.version) {
  console.log(`containers: NOT BUILT AND NOT SMOKED, no engine answers: ${engine.reason}`);
} else {
  console.log(`containers: engine ${engine.version}`);
  const checks = new CheckList('docker-build');
  await checks.run(() => {
    checks.begin('images');
    for (const target of ['build-all', 'context', 'sizes']) {
      const { isDone, seconds } = runTarget(target, BUILD_TIMEOUT_MS);
      if (!checks.check(isDone, `docker:${target} (${seconds} s)`)) return;
    }
    // Each counts its own checks; that each ended well is one more.
    for (const target of ['smoke', 'compose-smoke', 'executables-smoke']) {
      const { isDone, seconds } = runTarget(target, SMOKE_TIMEOUT_MS);
      checks.check(isDone, `docker:${target} (${seconds} s)`);
    }
  });
}
