import { type ErrorCode, errorCodes, errorStatus } from './error-codes.ts';

const preamble = `# Errors

Every refusal is an RFC 9457 \`application/problem+json\` document with a stable \`code\` from this list: branch on the code,
never on the status alone or on the text. \`detail\` says what was expected and what was got; \`field\` and \`row\` name the
place where there is one. The number is the HTTP status; the body repeats it as \`status\`, except that \`row_mismatch\`, a verdict
rather than a mistake of form, says \`"status": "rejected"\` there.

This page is generated from \`libs/protocol/src/error-codes.ts\` (\`npx nx run tools:docs\`); a test keeps the two equal.
`;

/**
 * The text of docs/errors.md, in the form prettier leaves alone.
 *
 * @param statusOf - code → HTTP status; the contract's own by default.
 */
export function renderErrorsMarkdown(
  statusOf: Readonly<Record<ErrorCode, number>> = errorStatus,
): string {
  const sections = Object.entries(errorCodes).map(
    ([code, { title, meaning }]) =>
      `## \`${code}\`\n\n**${statusOf[code as ErrorCode]}** ${title}. ${meaning}\n`,
  );
  return [preamble, ...sections].join('\n');
}
