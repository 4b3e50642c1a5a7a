import { describe, expect, it } from '@jest/globals';
import { choice, defineEnv, hexBytes, integer, renderConfigMarkdown, text } from './index.ts';

describe('renderConfigMarkdown', () => {
  it('writes one row a variable, in order, with cells that cannot break the table', () => {
    const schema = defineEnv({
      GRACE_SECONDS: integer({ min: 0, max: 60, default: 5, unit: 's', describe: 'Grace.' }),
      SK_HEX: hexBytes({ bytes: 32, secret: true, describe: 'Key.' }),
      MODE: choice({ values: ['a', 'b'], default: 'a', describe: 'One | other,\n  in lines.' }),
      NAME: text({ required: true, describe: 'Name.' }),
    });
    expect(renderConfigMarkdown([{ title: 'Verifier', intro: 'Read at start.', schema }])).toBe(
      `## Verifier

Read at start.

| Variable | Default | Expected | Description |
| --- | --- | --- | --- |
| \`GRACE_SECONDS\` | \`5\` | an integer from 0 to 60 (s) | Grace. |
| \`SK_HEX\` | (unset) | 64 hex digits (32 bytes) | Key. Secret: never logged. |
| \`MODE\` | \`a\` | one of a, b | One \\| other, in lines. |
| \`NAME\` | required | 1 to 1024 characters | Name. |
`,
    );
  });
});
