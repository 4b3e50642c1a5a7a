import { join } from 'node:path';
import type { EpochInfo } from '@tops/protocol';
import { getJson } from './replay-ledger.ts';
import { type CliResult, runCli } from './run-cli.ts';

/** Exports all that a verifier has sealed, and replays it offline, every stored proof recomputed: `tops export`, `tops audit`. */
export async function auditArchive(baseUrl: string, dir: string): Promise<CliResult> {
  const { verifier_key_hex: key } = await getJson<EpochInfo>(`${baseUrl}/v1/epoch`);
  const archive = join(dir, `history-${new URL(baseUrl).port}.jsonl`);
  const exported = await runCli(['export', '--epochs=0..', `--url=${baseUrl}`, `--out=${archive}`]);
  return exported.code === 0
    ? runCli(['audit', archive, '--recompute', `--verifier-key=${key}`])
    : exported;
}
