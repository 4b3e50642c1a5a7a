import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { parseActRequest, parseQuarantineRequest, quoteUntrusted } from '../../src/index.ts';
import { expectProblem, expectValue, parseBytes } from '../expect-parsed.ts';
import { wire } from '../good-messages.ts';

const act = (body: unknown) => parseBytes(wire(body), parseActRequest);
const quarantine = (body: unknown) => parseBytes(wire(body), parseQuarantineRequest);

/** Written apart from the pattern: what one line of a terminal or a log shows as it is. */
function isWording(text: string, maxCharacters: number): boolean {
  const characters = [...text];
  if (characters.length === 0 || characters.length > maxCharacters) return false;
  if (text.trim() !== text) return false;
  return characters.every(
    (character) => !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/u.test(character),
  );
}

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 110 }),
  fc.string({ unit: 'grapheme', maxLength: 110 }),
  fc.string({ unit: fc.constantFrom(' ', 'a', '𝄞', '\u200b', '\u00ad', '\t'), maxLength: 110 }),
);

describe('the words of an act', () => {
  it('are taken as they are, or refused with a detail that is fit to be shown', () => {
    let takenCount = 0;
    fc.assert(
      fc.property(texts, (actor) => {
        const parsed = act({ actor, reason: 'x' });
        if (isWording(actor, 100)) {
          takenCount++;
          expect(expectValue(parsed)).toEqual({ actor, reason: 'x' });
        } else {
          expectProblem(parsed);
        }
      }),
      fcParameters(500),
    );
    expect(takenCount).toBeGreaterThan(50);
  });

  it('have a bound in characters, whichever plane those are of', () => {
    for (const character of ['x', 'é', '漢', '𝄞']) {
      const reason = character.repeat(500);
      expect(expectValue(act({ actor: 'a', reason })).reason).toBe(reason);
      expect(expectProblem(act({ actor: 'a', reason: reason + character })).code).toBe(
        'text_malformed',
      );
    }
  });

  it('never turn a line round, hide in it or end it', () => {
    for (const character of ['\u202e', '\u2066', '\u200b', '\ufeff', '\u2028', '\n', '\u001b']) {
      const reason = `a${character}b`;
      const { detail } = expectProblem(act({ actor: 'a', reason }));
      expect(detail).toContain(quoteUntrusted(reason));
    }
  });
});

describe('the end of a quarantine', () => {
  it('is read from exactly one of two fields', () => {
    const end = fc.oneof(fc.constant(undefined), fc.integer({ min: -2, max: 1_000_002 }));
    fc.assert(
      fc.property(end, end, (epochs, until_epoch) => {
        const given = { actor: 'a', reason: 'b', epochs, until_epoch };
        const parsed = quarantine(given);
        const isEpochs =
          epochs !== undefined && until_epoch === undefined && epochs >= 1 && epochs <= 1_000_000;
        const isUntil = epochs === undefined && until_epoch !== undefined && until_epoch >= 0;
        expect(parsed.ok).toBe(isEpochs || isUntil);
        if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(JSON.stringify(given)));
      }),
      fcParameters(500),
    );
  });
});
