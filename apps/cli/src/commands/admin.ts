import {
  AdminClient,
  type AdminAct,
  type AdminKey,
  type ClientResult,
  actorField,
} from '@tops/protocol';
import { describeValue } from '@tops/config';
import { adminTokenField } from '../cli-env.ts';
import { CliError, exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { renderTable } from '../text-table.ts';

/** Where the admin API is; its token is never an argument, which other users of the machine could read. */
export interface AdminOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

export interface ActOptions extends AdminOptions {
  readonly publicKeyHex: string;
  readonly reason: string;
  /** ADMIN_ACTOR, else the user's name, when absent. */
  readonly actor?: string;
}

/** When a quarantine ends: exactly one of the two. */
export interface QuarantineEnd {
  readonly epochs?: number;
  readonly untilEpoch?: number;
}

/** Shows a page of keys. @throws CliError when the verifier refuses. */
export async function adminKeys(
  options: AdminOptions & { readonly limit: number; readonly cursor?: string },
  io: CliIo,
): Promise<number> {
  const { limit, cursor } = options;
  const page = valueOf(
    await clientOf(options, io).listKeys({ limit, ...(cursor === undefined ? {} : { cursor }) }),
  );
  if (options.json === true) {
    printJson(io, page);
    return exitCode.ok;
  }
  printLine(io, `registration ${page.registration}`);
  const header = ['key', 'state', 'until epoch', 'allowed by', 'accepted', 'rejected', 'missed'];
  const rows = page.keys.map((key) => [
    ...[key.public_key_hex, key.state, String(key.quarantined_until_epoch ?? '-'), key.allowed_by],
    ...[key.accepted, key.rejected, key.missed].map(String),
  ]);
  printLine(io, renderTable([header, ...rows], { right: [4, 5, 6] }));
  if (page.next_cursor !== null) printLine(io, `more: --cursor ${page.next_cursor}`);
  return exitCode.ok;
}

/** Shows a page of the log, newest first. @throws CliError when the verifier refuses. */
export async function adminLog(
  options: AdminOptions & { readonly limit: number; readonly before?: number },
  io: CliIo,
): Promise<number> {
  const { limit, before } = options;
  const page = valueOf(
    await clientOf(options, io).listActs({ limit, ...(before === undefined ? {} : { before }) }),
  );
  if (options.json === true) {
    printJson(io, page);
    return exitCode.ok;
  }
  const header = ['#', 'when', 'who', 'act', 'key', 'why'];
  const rows = page.acts.map((act) => [
    ...[String(act.sequence), new Date(act.at).toISOString(), act.actor, describeAct(act)],
    ...[act.public_key_hex, act.reason],
  ]);
  printLine(io, renderTable([header, ...rows]));
  if (page.next_before !== null) printLine(io, `more: --before ${page.next_before}`);
  return exitCode.ok;
}

/** Allows, disallows or releases a key. @throws CliError when the verifier refuses. */
export async function adminAct(
  act: 'allow' | 'disallow' | 'release',
  options: ActOptions,
  io: CliIo,
): Promise<number> {
  const request = { actor: actorOf(options, io), reason: options.reason };
  const client = clientOf(options, io);
  return report(await client[act](options.publicKeyHex, request), options, io);
}

/** Quarantines a key. @throws CliError when the verifier refuses, or not exactly one end is named. */
export async function adminQuarantine(
  options: ActOptions & QuarantineEnd,
  io: CliIo,
): Promise<number> {
  const { epochs, untilEpoch } = options;
  const wordings = { actor: actorOf(options, io), reason: options.reason };
  const client = clientOf(options, io);
  if (epochs !== undefined && untilEpoch === undefined) {
    return report(
      await client.quarantine(options.publicKeyHex, { ...wordings, epochs }),
      options,
      io,
    );
  }
  if (epochs === undefined && untilEpoch !== undefined) {
    const request = { ...wordings, until_epoch: untilEpoch };
    return report(await client.quarantine(options.publicKeyHex, request), options, io);
  }
  throw new CliError('quarantine: expected one of --epochs and --until-epoch', exitCode.unusable);
}

function report(
  result: ClientResult<{ readonly act: AdminAct; readonly key: AdminKey }>,
  options: AdminOptions,
  io: CliIo,
): number {
  const { act, key } = valueOf(result);
  if (options.json === true) {
    printJson(io, { act, key });
    return exitCode.ok;
  }
  const pairs = [
    ['act', `${describeAct(act)} (#${act.sequence})`],
    ['key', key.public_key_hex],
    ['state', key.state],
    ['receipts taken again', epochText(key.quarantined_until_epoch)],
    ['allowed by', key.allowed_by],
  ];
  printLine(io, renderTable(pairs));
  return exitCode.ok;
}

function epochText(epochId: number | null): string {
  return epochId === null ? 'now' : `from epoch ${epochId}`;
}

function describeAct({ act, until_epoch }: AdminAct): string {
  return until_epoch === null ? act : `${act} until ${until_epoch}`;
}

function actorOf({ actor }: ActOptions, io: CliIo): string {
  const given = [actor, io.env['ADMIN_ACTOR'], io.env['USER']];
  const name = given.map((text) => text?.trim() ?? '').find((text) => text !== '');
  if (name !== undefined && actorField.pattern.test(name)) return name;
  const got = name === undefined ? 'nothing' : describeValue(name, { secret: false });
  throw new CliError(
    `--actor or ADMIN_ACTOR: expected a name ${actorField.expected}, got ${got}`,
    exitCode.unusable,
  );
}

function clientOf({ url, timeoutMs }: AdminOptions, io: CliIo): AdminClient {
  const token = io.env['ADMIN_TOKEN']?.trim() ?? '';
  const result = adminTokenField.read(token);
  if (!result.ok) {
    const got = token === '' ? 'nothing' : describeValue(token, { secret: true });
    throw new CliError(
      `ADMIN_TOKEN: expected ${adminTokenField.expected}, got ${got}`,
      exitCode.unusable,
    );
  }
  requirePrivate(url);
  return new AdminClient({ baseUrl: url, token, timeoutMs });
}

/** Over plain HTTP the token would be anybody's on the way. */
function requirePrivate(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(localhost|\[::1\]|127(\.[0-9]{1,3}){3})$/.test(hostname)) return;
  throw new CliError(
    'ADMIN_URL: expected https, or a tunnel to this machine (ssh -L, kubectl port-forward)',
    exitCode.unusable,
  );
}

function valueOf<T>(result: ClientResult<T>): T {
  if (result.ok) return result.value;
  const { status, problem } = result;
  throw new CliError(`refused: ${status} ${problem.code}: ${problem.detail}`, exitCode.failed);
}
