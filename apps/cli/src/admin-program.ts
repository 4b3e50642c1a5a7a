import type { Command } from 'commander';
import { integerWithin, parseKeyHex } from './arguments.ts';
import { adminUrlField } from './cli-env.ts';
import type { CliIo } from './cli-io.ts';
import {
  adminAct,
  adminKeys,
  adminLog,
  adminQuarantine,
  type ActOptions,
  type QuarantineEnd,
} from './commands/admin.ts';
import { addRemoteOptions, examples, readBaseUrl, type RemoteFlags } from './remote-options.ts';

type Report = (code: number) => void;

const adminUrl = { name: 'ADMIN_URL', field: adminUrlField } as const;

/** `tops admin …`: what an operator may see and do through a verifier's admin API. */
export function addAdmin(program: Command, io: CliIo, report: Report): void {
  const admin = program
    .command('admin')
    .description("a verifier's keys and their log, for its operators")
    .addHelpText(
      'after',
      '\nThe token is read from ADMIN_TOKEN, never from an argument.' +
        '\nExit codes: 0 done, 1 refused or not reached, 2 unusable arguments or no token.',
    )
    .addHelpText(
      'after',
      examples(
        'tops admin keys',
        'tops admin quarantine $KEY --epochs 60 --reason "same key on two machines"',
        'tops admin log --json',
      ),
    );
  addKeys(admin, io, report);
  addLog(admin, io, report);
  addAct(admin, 'allow', 'let a key submit receipts where registration is closed', io, report);
  addAct(admin, 'disallow', 'take back what allow gave', io, report);
  addAct(admin, 'release', 'end the quarantine of a key', io, report);
  addQuarantine(admin, io, report);
}

function addKeys(admin: Command, io: CliIo, report: Report): void {
  withUrl(admin.command('keys'))
    .description('keys with their state, quarantine and permission, ordered by key')
    .option('--limit <count>', 'keys on the page', integerWithin({ min: 1, max: 500 }), 100)
    .option('--cursor <key>', 'where the page before ended', parseKeyHex)
    .action(async (flags: RemoteFlags & { limit: number; cursor?: string }) =>
      report(await adminKeys({ ...flags, url: urlOf(flags, io) }, io)),
    );
}

function addLog(admin: Command, io: CliIo, report: Report): void {
  withUrl(admin.command('log'))
    .description('what operators did, newest first')
    .option('--limit <count>', 'acts on the page', integerWithin({ min: 1, max: 200 }), 100)
    .option(
      '--before <sequence>',
      'where the page before ended',
      integerWithin({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    )
    .action(async (flags: RemoteFlags & { limit: number; before?: number }) =>
      report(await adminLog({ ...flags, url: urlOf(flags, io) }, io)),
    );
}

type ActFlags = RemoteFlags & Omit<ActOptions, 'url' | 'publicKeyHex'>;

function addAct(
  admin: Command,
  act: 'allow' | 'disallow' | 'release',
  description: string,
  io: CliIo,
  report: Report,
): void {
  withWordings(admin.command(act))
    .description(description)
    .action(async (publicKeyHex: string, flags: ActFlags) =>
      report(await adminAct(act, { ...flags, publicKeyHex, url: urlOf(flags, io) }, io)),
    );
}

function addQuarantine(admin: Command, io: CliIo, report: Report): void {
  withWordings(admin.command('quarantine'))
    .description('refuse the receipts of a key for some epochs; never shortens a quarantine')
    .option(
      '--epochs <count>',
      'so many from the current one',
      integerWithin({ min: 1, max: 1_000_000 }),
    )
    .option(
      '--until-epoch <id>',
      'first epoch whose receipts are taken again',
      integerWithin({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    )
    .action(async (publicKeyHex: string, flags: ActFlags & QuarantineEnd) =>
      report(await adminQuarantine({ ...flags, publicKeyHex, url: urlOf(flags, io) }, io)),
    );
}

function withUrl(command: Command): Command {
  return addRemoteOptions(command, "the admin API's base address (ADMIN_URL)");
}

function withWordings(command: Command): Command {
  return withUrl(command)
    .argument('<key>', "the worker's public key, 64 hex digits", parseKeyHex)
    .requiredOption('--reason <text>', 'why, for the log: up to 500 characters')
    .option('--actor <name>', 'who, for the log (ADMIN_ACTOR, else USER)');
}

function urlOf(flags: RemoteFlags, io: CliIo): string {
  const url = readBaseUrl(flags, adminUrl, io);
  if (!url.ok) throw url.error;
  return url.value;
}
