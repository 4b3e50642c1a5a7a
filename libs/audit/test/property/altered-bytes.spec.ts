import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { archiveBytes, auditBytes } from '../audit-text.ts';
import { SampleHistory } from '../sample-history.ts';

const history = new SampleHistory([
  [[1, 'accepted']],
  [
    [2, 'revoked'],
    [2, 'rejected'],
  ],
]);
// With anchors, and every kind of line and field.
const archive = await archiveBytes({ from: history.epochs[1]!.epoch.epoch_id }, history);

/** The line, from 1, that holds a byte. */
function lineAt(position: number): number {
  return archive.subarray(0, position).filter((byte) => byte === 0x0a).length + 1;
}

async function expectFound(altered: Uint8Array, line: number): Promise<void> {
  const { findings } = await auditBytes([altered]);
  const lines = findings.map((finding) => finding.line);
  // A missing line feed is found on its line or the one that it runs into.
  if (!lines.includes(line)) throw new Error(`line ${line} is not among ${lines.join(', ')}`);
}

describe('an archive with one byte altered', () => {
  it('is sound while none is (control)', async () => {
    expect((await auditBytes([archive])).findings).toEqual([]);
  });

  it('is found out at every byte, and the line named', async () => {
    expect(archive.length).toBeGreaterThan(4000);
    for (let position = 0; position < archive.length; position++) {
      const altered = archive.slice();
      // A digit becomes another digit, a letter another letter: as well-formed as one bit allows.
      altered[position]! ^= 1;
      await expectFound(altered, lineAt(position));
    }
  }, 120_000);

  it('is found out whatever the byte becomes, is left out or put in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(archive.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('alter', 'drop', 'insert', 'repeat'),
        async (position, mask, how) => {
          const [before, after] = [archive.subarray(0, position), archive.subarray(position + 1)];
          const byte = archive[position]!;
          const altered = {
            alter: [byte ^ mask],
            drop: [],
            insert: [mask, byte],
            repeat: [byte, byte],
          }[how];
          const { findings } = await auditBytes([
            Uint8Array.from([...before, ...altered, ...after]),
          ]);
          expect(findings).not.toEqual([]);
        },
      ),
      fcParameters(150),
    );
  });

  it('is found out when it is cut off anywhere', async () => {
    for (let length = 0; length < archive.length; length += 61) {
      const { findings } = await auditBytes([archive.subarray(0, length)]);
      expect(findings.map(({ code }) => code)).toContain('archive_incomplete');
    }
    const { findings } = await auditBytes([archive.subarray(0, -1)]);
    expect(findings).toMatchObject([{ code: 'line_malformed' }]);
  });
});
