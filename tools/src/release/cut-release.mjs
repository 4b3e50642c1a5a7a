// The next version, from the commits since the last: npx nx run tools:release -- [SPECIFIER] [--dry-run]
//
// `nx release` decides the version (nx.json: one for all projects, images and archives) and what the changelog says of the commits. What
// it does not know is done here: the lockfile has the version too, and what was written under "Unreleased" belongs to it. Commit and tag
// are made, and nothing is pushed: `git push --follow-tags` starts the release.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import releasing from 'nx/release/index.js';
import { withRelease } from './changelog-text.mjs';

const CHANGELOG = 'CHANGELOG.md';
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean', default: false } },
});
const isDryRun = values['dry-run'];
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

function setVersion(path, version) {
  const content = JSON.parse(readFileSync(path, 'utf8'));
  content.version = version;
  if (content.packages?.['']) content.packages[''].version = version;
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
}

/** Before the first tag the version is what package.json says. */
async function decideVersion() {
  const { version: current } = JSON.parse(readFileSync('package.json', 'utf8'));
  const isFirst = git('tag', '--list', 'v*') === '';
  if (isFirst) return { version: positionals[0] ?? current, isFirst };
  const { workspaceVersion } = await releasing.releaseVersion({
    ...(positionals[0] && { specifier: positionals[0] }),
    ...{ dryRun: isDryRun, gitCommit: false, gitTag: false, stageChanges: false },
  });
  return { version: workspaceVersion, isFirst };
}

if (git('status', '--porcelain') !== '') {
  console.error('release: expected a clean tree');
  process.exit(1);
}
const { version, isFirst } = await decideVersion();
if (!version) {
  console.error('release: no commit since the last version asks for another one');
  process.exit(1);
}
// Before the first tag there is nothing that "minor" could count from.
if (!VERSION.test(version)) {
  console.error(`release: expected a version like 1.2.3, got ${version}`);
  process.exit(1);
}
/** The first version is what people wrote: nx has no tag to count commits from. */
async function commitEntries() {
  if (isFirst) return '';
  const { workspaceChangelog } = await releasing.releaseChangelog({
    ...{ version, createRelease: false },
    // Its text is wanted, not where it would put it.
    ...{ dryRun: true, gitCommit: false, gitTag: false, stageChanges: false },
  });
  return workspaceChangelog?.contents ?? '';
}

const text = withRelease(readFileSync(CHANGELOG, 'utf8'), {
  version,
  date: git('log', '-1', '--format=%cs'),
  entries: await commitEntries(),
});
if (isDryRun) {
  console.log(`\nversion ${version}`);
} else {
  for (const path of ['package.json', 'package-lock.json']) setVersion(path, version);
  writeFileSync(CHANGELOG, text);
  git('add', 'package.json', 'package-lock.json', CHANGELOG);
  git('commit', '--quiet', `--message=chore(release): ${version}`);
  git('tag', '--annotate', `--message=${version}`, `v${version}`);
  console.log(`\nv${version}: \`git push --follow-tags\` starts the release`);
}
// Nx keeps handles open.
process.exit(0);
