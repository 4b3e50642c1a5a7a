import { describe, expect, it } from '@jest/globals';
import { exitWithConfigErrors } from './index.ts';

describe('exitWithConfigErrors', () => {
  it('prints one line an error and leaves with 78', () => {
    let printed = '';
    const leave = (code: number): never => {
      throw new Error(`exit ${code}`);
    };
    const stderr = { write: (text: string) => (printed += text) };
    const errors = [
      { variable: 'PORT', expected: 'an integer', got: '"x"' },
      { variable: 'PROT', expected: 'a known name', got: 'another', hint: 'did you mean PORT?' },
    ];
    expect(() => exitWithConfigErrors(errors, { stderr, exit: leave })).toThrow('exit 78');
    expect(printed).toBe(
      'configuration: 2 errors\n' +
        '  PORT: expected an integer, got "x"\n' +
        '  PROT: expected a known name, got another (did you mean PORT?)\n',
    );
  });
});
