// Where a release stands in CHANGELOG.md.

const UNRELEASED = /^## Unreleased[ \t]*$/m;

/**
 * What was under "Unreleased" becomes the release's, with the commits below it; a new, empty "Unreleased" stands above.
 *
 * @param text - the changelog so far
 * @param release - `entries` as nx wrote them: its own heading is dropped, and so are headings it has nothing under
 * @throws Error when the changelog has no "Unreleased", or has that version already
 */
export function withRelease(text, { version, date, entries }) {
  if (text.includes(`\n## ${version} `)) throw new Error(`the changelog has ${version} already`);
  const match = UNRELEASED.exec(text);
  if (match === null) throw new Error('expected "## Unreleased" in the changelog, got none');
  const head = text.slice(0, match.index);
  const rest = text.slice(match.index + match[0].length);
  const next = rest.search(/^## /m);
  const written = (next === -1 ? rest : rest.slice(0, next)).trim();
  const older = next === -1 ? '' : rest.slice(next).trim();
  const commits = entries
    .replace(/^##? .*$/m, '')
    .replace(/^### /gm, '#### ')
    .trim();
  const parts = [
    `${head}## Unreleased`,
    `## ${version} (${date})`,
    written,
    commits === '' ? '' : `### Commits\n\n${commits}`,
    older,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
