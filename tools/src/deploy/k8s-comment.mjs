// What `k8s:diff` printed, as a comment of a pull request: node tools/src/deploy/k8s-comment.mjs --from FILE --to FILE
//
// GitHub takes 65536 characters; a longer diff is cut, and says so. The fence is longer than any in the diff, so that a manifest cannot
// end it and go on as a comment of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';

const DIFF_CHARS_MAX = 60_000;
const FENCE_CHARS_MIN = 3;
const TITLE = '### What this changes in the rendered overlays';

const { values } = parseArgs({
  options: { from: { type: 'string', default: '' }, to: { type: 'string', default: '' } },
});
if (values.from === '' || values.to === '') {
  console.error('usage: k8s-comment --from FILE --to FILE');
  process.exit(2);
}
// Nx prints around what the target does; a diff begins with its first file.
const printed = readFileSync(values.from, 'utf8');
const start = printed.search(/^diff --git /m);
const end = printed.lastIndexOf('\n NX   ');
const diff = start === -1 ? '' : printed.slice(start, end > start ? end : undefined).trim();
if (start === -1 && !/^nothing changes$/m.test(printed)) {
  console.error(`k8s-comment: expected a diff or "nothing changes" in ${values.from}, got neither`);
  process.exit(1);
}

function commentOf(text) {
  if (text === '') return `${TITLE}\n\nNothing.\n`;
  const runs = text.match(/`+/g) ?? [];
  const longest = runs.reduce((most, run) => Math.max(most, run.length), FENCE_CHARS_MIN - 1);
  const fence = '`'.repeat(longest + 1);
  const isCut = text.length > DIFF_CHARS_MAX;
  const shown = isCut ? text.slice(0, DIFF_CHARS_MAX) : text;
  const note = isCut ? '\nCut here: `npx nx run k8s:diff` shows all of it.\n' : '';
  return `${TITLE}\n\n${fence}diff\n${shown}\n${fence}\n${note}`;
}

writeFileSync(values.to, commentOf(diff));
