import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@tops/crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSqliteLedger } from '../../src/index.ts';
import { DEFAULT_UNITS, publicKeyHexOf } from '../ledger-fixtures.ts';

const ROUNDS = 6;
const workspaceRoot = fileURLToPath(new URL('../../../../', import.meta.url));

// Kills the process, not the machine: this shows that what a promise acknowledged was written, in whole transactions. That a
// commit also waits for the disk is synchronous=FULL, which no test in a process can see.
describe.each(['process', 'thread'])('a ledger in a %s killed with SIGKILL', (place) => {
  let dataDir: string;
  let buildDir: string;
  let program: string;

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'tops-ledger-crash-'));
    // Inside the workspace, so that the bundle finds libsql.
    const buildParent = join(workspaceRoot, 'dist', 'test-programs');
    mkdirSync(buildParent, { recursive: true });
    buildDir = mkdtempSync(join(buildParent, 'ledger-crash-'));
    program = join(buildDir, 'crash-child.mjs');
    execFileSync(
      join(workspaceRoot, 'node_modules/esbuild/bin/esbuild'),
      [
        join(workspaceRoot, 'libs/ledger/test/crash/crash-child.ts'),
        '--bundle',
        '--platform=node',
        '--format=esm',
        '--external:libsql',
        `--tsconfig=${join(workspaceRoot, 'tsconfig.base.json')}`,
        `--outfile=${program}`,
        '--log-level=error',
      ],
      { stdio: 'inherit' },
    );
  });
  afterAll(() => {
    rmSync(dataDir, { recursive: true });
    rmSync(buildDir, { recursive: true });
  });

  /** Runs the program until it has printed `lineCount` lines, kills it, and returns every whole line it printed. */
  async function runUntilKilled(round: number, lineCount: number): Promise<string[]> {
    const child = spawn(process.execPath, [program, dataDir, String(round), place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length === lineCount) child.kill('SIGKILL');
    }
    const [, signal] = await exited;
    expect(signal).toBe('SIGKILL');
    return lines;
  }

  it(`keeps every acknowledged row, ${ROUNDS} times over`, async () => {
    const created = new Set<string>();
    const settled = new Set<string>();
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = await runUntilKilled(round, 20 + Math.floor(Math.random() * 400));
      let beacon = '';
      for (const line of lines) {
        const [kind = '', value = ''] = line.split(' ');
        // The last line may be torn: only whole ids count.
        if (value.length !== 64) continue;
        if (kind === 'beacon') beacon = value;
        if (kind === 'created') created.add(value);
        if (kind === 'settled') settled.add(value);
      }
      expect(created.size).toBeGreaterThan(0);
      expect(settled.size).toBeGreaterThan(0);

      const store = await openSqliteLedger({ dataDir });
      const epoch = await store.getEpoch(round);
      expect(bytesToHex(epoch!.prevHash)).toBe(beacon);
      for (const receiptId of created) {
        expect([receiptId, await store.getReceipt(receiptId)]).toEqual([
          receiptId,
          expect.objectContaining({ receiptId }),
        ]);
      }
      for (const receiptId of settled) {
        expect((await store.getReceipt(receiptId))?.outcome).toBe('accepted');
      }
      let acceptedCount = 0;
      for (let epochId = 1; epochId <= round; epochId++) {
        for (const entry of await store.epochEntries(epochId)) {
          if (entry.outcome === 'accepted') acceptedCount++;
        }
      }
      expect(acceptedCount).toBeGreaterThanOrEqual(settled.size);
      let creditedUnits = 0n;
      for (let key = 1; key <= 8; key++) {
        creditedUnits += (await store.getWorker(publicKeyHexOf(key)))?.creditedUnits ?? 0n;
      }
      expect(creditedUnits).toBe(BigInt(acceptedCount) * DEFAULT_UNITS);
      // The interrupted challenges are still open, and can be ended.
      await store.expireChallenges({ nowMs: 9e12, answersInFlight: new Map() });
      await store.sealEpoch({ epochId: round });
      await store.close();
    }
  }, 120_000);
});
