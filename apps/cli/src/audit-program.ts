import type { Command } from 'commander';
import { collectKey, integerWithin, parseEpochRange } from './arguments.ts';
import type { CliIo } from './cli-io.ts';
import { audit, type AuditOptions } from './commands/audit.ts';
import { exportArchive } from './commands/export.ts';
import { defaultMaxWeights } from './commands/verify.ts';
import { urlField } from './cli-env.ts';
import { examples, readBaseUrl } from './remote-options.ts';

type Report = (code: number) => void;

interface ExportFlags {
  readonly url?: string;
  readonly timeoutMs: number;
  readonly epochs: { readonly from: number; readonly to?: number };
  readonly out?: string;
}

export function addExport(program: Command, io: CliIo, report: Report): void {
  program
    .command('export')
    .description('write an archive of sealed epochs, for tops audit')
    .requiredOption('--epochs <a..b>', 'ids, both included; a.. to the latest', parseEpochRange)
    .option('--out <file>', 'a file, whole or not at all; standard output when absent')
    .option('--url <address>', "the verifier's base address (AGGREGATOR_URL)")
    .option(
      '--timeout-ms <ms>',
      'for each request',
      integerWithin({ min: 50, max: 120_000 }),
      30_000,
    )
    .addHelpText('after', '\nExit codes: 0 written, 1 the verifier cannot give it, 2 unusable.')
    .addHelpText(
      'after',
      examples(
        'tops export --epochs 29000000..29000059 --out hour.jsonl',
        'tops export --epochs 0.. --url https://verifier.example > all.jsonl',
      ),
    )
    .action(async (flags: ExportFlags) => {
      const url = readBaseUrl(flags, { name: 'AGGREGATOR_URL', field: urlField }, io);
      if (!url.ok) throw url.error;
      report(await exportArchive({ ...flags, url: url.value }, io));
    });
}

type AuditFlags = Omit<AuditOptions, 'archives' | 'verifierKeys'> & {
  readonly verifierKey: readonly string[];
};

export function addAudit(program: Command, io: CliIo, report: Report): void {
  program
    .command('audit')
    .description('replay archives offline: beacons, heads, signatures, credits, revocations')
    .argument('<archive...>', 'files that follow each other, or - for standard input')
    .option('--recompute', 'also recompute the row that every stored proof is about')
    .option('--anchors <file>', 'compare with heads anchored outside')
    .option(
      '--verifier-key <hex>',
      'the only key that may have signed; repeat it for one that followed',
      collectKey,
      [],
    )
    .option(
      '--max-weights <bytes>',
      'largest k*n + n*n to recompute, in bytes of memory',
      integerWithin({ min: 8192, max: 2 ** 29 }),
      defaultMaxWeights,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit codes: 0 sound, 1 findings, 2 unusable input.')
    .addHelpText(
      'after',
      examples(
        'tops audit hour.jsonl --recompute --verifier-key $KEY',
        'tops audit archive/epoch-29000000.jsonl archive/epoch-29000001.jsonl --anchors heads.jsonl',
      ),
    )
    .action(async (archives: string[], { verifierKey, ...flags }: AuditFlags) =>
      report(await audit({ ...flags, archives, verifierKeys: verifierKey }, io)),
    );
}
