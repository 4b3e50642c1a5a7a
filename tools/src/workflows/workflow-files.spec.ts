import { describe, expect, it } from '@jest/globals';
import { commandsOf } from './nx-commands.mjs';
import { matrixEntriesOf, triggersOf } from './workflow-files.mjs';

describe('commandsOf', () => {
  it('takes a script apart', () => {
    const run =
      'npx nx run \\\n  a:b && npx nx "c d" "$E"\n# npx nx f\nx=$(npx nx run g:h --i="j k") | k';
    expect(commandsOf(run)).toEqual([
      ['npx', 'nx', 'run', 'a:b'],
      ['npx', 'nx', 'c d', '$E'],
      ['x='],
      ['npx', 'nx', 'run', 'g:h', '--i="j k"'],
      ['k'],
    ]);
  });
});

describe('matrixEntriesOf', () => {
  it('expands lists, exclude and include as GitHub does', () => {
    const matrix = {
      os: ['a', 'b'],
      node: ['22', '24'],
      exclude: [{ os: 'b', node: '22' }],
      include: [{ os: 'b', extra: true }, { os: 'c' }],
    };
    expect(matrixEntriesOf({ strategy: { matrix } })).toEqual([
      { os: 'a', node: '22' },
      { os: 'a', node: '24' },
      { os: 'b', node: '24', extra: true },
      { os: 'c' },
    ]);
  });
});

describe('triggersOf', () => {
  it('takes a word, a list and a map for the same', () => {
    for (const on of ['push', ['push'], { push: null }])
      expect(triggersOf({ content: { on } })).toEqual({ push: null });
  });
});
