import { Command, CommanderError, Option } from 'commander';
import { bytesToHex } from '@tops/crypto';
import { addAdmin } from './admin-program.ts';
import { integerWithin, parseHash, parseNonce, parseRows, parseShape } from './arguments.ts';
import { addAudit, addExport } from './audit-program.ts';
import { backends } from './backend.ts';
import { urlField } from './cli-env.ts';
import { CliError, describeError, exitCode, type CliIo } from './cli-io.ts';
import { attempt, type AttemptOptions } from './commands/attempt.ts';
import { bench, type BenchOptions } from './commands/bench.ts';
import { doctor } from './commands/doctor.ts';
import { keygen, type KeygenOptions } from './commands/keygen.ts';
import { status } from './commands/status.ts';
import { defaultMaxWeights, verify } from './commands/verify.ts';
import { addRemoteOptions, examples, readBaseUrl, type RemoteFlags } from './remote-options.ts';
import { version } from './version.ts';

/**
 * Runs one command line and returns its exit code: 0 done or accepted, 1 failed or rejected, 2 unusable arguments or input,
 * 3 evidence that shows a cheat.
 *
 * @param args - without the program's name.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let code: number = exitCode.ok;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCode.ok : exitCode.unusable;
    io.stderr(`tops: ${describeError(error)}\n`);
    return error instanceof CliError ? error.exitCode : exitCode.failed;
  }
}

type Report = (code: number) => void;

const verifierUrl = { name: 'AGGREGATOR_URL', field: urlField } as const;
const verifierUrlText = "the verifier's base address (AGGREGATOR_URL)";

function createProgram(io: CliIo, report: Report): Command {
  const program = new Command('tops')
    .description('Prove how much int8 compute a machine really did, and check it cheaply.')
    .version(version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .showHelpAfterError('(--help shows the options and an example)')
    .addHelpText(
      'after',
      '\nIn a checkout, tops stands for: npm run -s tops --' +
        '\nExit codes: 0 done or accepted, 1 failed or rejected, 2 unusable arguments or input;' +
        '\ntops verify also has 3, evidence that shows a cheat.',
    );
  for (const add of [
    ...[addKeygen, addAttempt, addVerify, addStatus, addExport, addAudit],
    ...[addBench, addDoctor, addAdmin],
  ])
    add(program, io, report);
  return program;
}

function addKeygen(program: Command, io: CliIo, report: Report): void {
  program
    .command('keygen')
    .description('make an Ed25519 key for a worker or a verifier')
    .option('--out <file>', 'write the secret seed to a new file of mode 0600')
    .addHelpText(
      'after',
      examples('tops keygen --out worker.key', 'tops keygen 2>/dev/null | pass insert -e worker'),
    )
    .action((options: KeygenOptions) => report(keygen(options, io)));
}

function addAttempt(program: Command, io: CliIo, report: Report): void {
  program
    .command('attempt')
    .description('compute one attempt and print its commitment')
    .requiredOption('--prev-hash <hex>', "the epoch's beacon, 64 hex digits", parseHash)
    .requiredOption('--public-key <hex>', "the worker's key, 64 hex digits", parseHash)
    .requiredOption('--nonce <n>', 'an integer from 0 to 2^53-1', parseNonce)
    .requiredOption('--sizes <m,n,k>', 'the shape, in this order', parseShape)
    .option('--rows <i,j,...>', 'also open these rows: ascending, distinct, below m', parseRows)
    .addOption(new Option('--backend <name>', 'what computes').choices(backends).default('cpu'))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'tops attempt --prev-hash $BEACON --public-key $KEY --nonce 0 --sizes 4096,1024,1024',
        'tops attempt --prev-hash $BEACON --public-key $KEY --nonce 0 --sizes 64,64,64 \\\n' +
          '      --rows 0,17,63 --backend reference --json',
      ),
    )
    .action(async (options: AttemptOptions) => report(await attempt(options, io)));
}

interface VerifyFlags {
  readonly maxWeights: number;
  readonly verifierKey?: Uint8Array;
  readonly json?: boolean;
}

function addVerify(program: Command, io: CliIo, report: Report): void {
  program
    .command('verify')
    .description('check a bundle, or the evidence against a rejected receipt, offline')
    .argument('<bundle.json>', 'file, or - for standard input')
    .option('--verifier-key <hex>', 'whose challenge the evidence has to be in', parseHash)
    .option(
      '--max-weights <bytes>',
      'largest k*n + n*n to recompute, in bytes of memory',
      integerWithin({ min: 8192, max: 2 ** 29 }),
      defaultMaxWeights,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nA bundle { receipt, rows, leaves, siblings }: exit code 0 accepted, 1 rejected.' +
        '\nEvidence, which has deadline_at, challenge_sig_hex, verifier_key_hex and mismatch_row too: 0 sound (every row is' +
        '\nright, it shows no cheat), 3 it shows a cheat, 1 malformed (it does not hold together, and shows nothing).' +
        '\nEither: 2 unusable input.',
    )
    .addHelpText(
      'after',
      examples(
        'tops verify bundle.json',
        'tops verify - --json < bundle.json',
        'curl -s $AGGREGATOR_URL/v1/receipts/$ID/evidence | tops verify - --verifier-key $KEY',
      ),
    )
    .action(async (bundle: string, { verifierKey, ...rest }: VerifyFlags) => {
      const known = verifierKey === undefined ? {} : { verifierKeyHex: bytesToHex(verifierKey) };
      report(await verify({ ...rest, ...known, bundle }, io));
    });
}

function addStatus(program: Command, io: CliIo, report: Report): void {
  addRemoteOptions(program.command('status'), verifierUrlText)
    .description("show a verifier's epoch, readiness and workers")
    .addHelpText('after', '\nExit codes: 0 shown, 1 the verifier cannot be reached.')
    .addHelpText(
      'after',
      examples('tops status', 'tops status --url https://verifier.example --json'),
    )
    .action(async (flags: RemoteFlags) => {
      const url = readBaseUrl(flags, verifierUrl, io);
      if (!url.ok) throw url.error;
      report(await status({ ...flags, url: url.value }, io));
    });
}

function addBench(program: Command, io: CliIo, report: Report): void {
  program
    .command('bench')
    .description('measure whole attempts on the CPU kernel, in GOP/s')
    .option('--sizes <m,n,k>', 'measure this shape only', parseShape)
    .option('--threads <count>', 'one a core by default', integerWithin({ min: 1, max: 1024 }))
    .option(
      '--repeats <count>',
      'attempts a shape; the median counts',
      integerWithin({ min: 1, max: 1000 }),
      5,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples('tops bench', 'tops bench --threads 1 --sizes 16384,1024,1024 --json'),
    )
    .action(async (options: BenchOptions) => report(await bench(options, io)));
}

function addDoctor(program: Command, io: CliIo, report: Report): void {
  addRemoteOptions(program.command('doctor'), verifierUrlText)
    .description('say what this machine has and what a worker started here would use')
    .addHelpText('after', '\nExit codes: 0 a worker can work here, 1 it cannot.')
    .addHelpText('after', examples('tops doctor', 'WORKER_SK_FILE=worker.key tops doctor --json'))
    .action(async (flags: RemoteFlags) => {
      const url = readBaseUrl(flags, verifierUrl, io);
      // A wrong variable is one more finding; a wrong option is the caller's typing error.
      if (!url.ok && flags.url !== undefined) throw url.error;
      report(await doctor({ ...flags, url: url.ok ? url.value : undefined }, io));
    });
}
