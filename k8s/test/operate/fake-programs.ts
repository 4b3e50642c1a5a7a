import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRunner, type Runner } from '../../src/operate/runner.ts';

/** A call of a fake program, as it was made. */
export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
}

/** What a fake answers to the first of its rules whose words are all among the arguments. */
export interface Answer {
  readonly when: readonly string[];
  readonly stdout?: string;
  readonly stderr?: string;
  /** What it answers once it was asked so many times. */
  readonly stdoutAfter?: { readonly calls: number; readonly stdout: string };
  readonly status?: number;
  /** Stays, as port-forward does, and serves nothing itself. */
  readonly stays?: boolean;
}

// A real program on a PATH of its own: what is tested is the argv that a system would see.
const source = (directory: string, program: string): string => `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
const { answers } = JSON.parse(readFileSync(${JSON.stringify(join(directory, program))} + '.json', 'utf8'));
const answer = answers.find(({ when }) => when.every((word) => args.includes(word))) ?? {};
const input = answer.stays ? '' : readFileSync(0, 'utf8');
const log = ${JSON.stringify(join(directory, 'calls'))};
const before = existsSync(log) ? readFileSync(log, 'utf8').split('\\n').filter((line) => line.includes(JSON.stringify(args))).length : 0;
appendFileSync(log, JSON.stringify({ program: ${JSON.stringify(program)}, args, input }) + '\\n');
const late = answer.stdoutAfter;
process.stdout.write((late && before >= late.calls ? late.stdout : answer.stdout) ?? '');
process.stderr.write(answer.stderr ?? '');
if (answer.stays) setInterval(() => undefined, 1000);
else process.exitCode = answer.status ?? 0;
`;

/** A PATH with nothing on it but fakes, which write down what they were asked. */
export class FakePrograms {
  readonly directory = mkdtempSync(join(tmpdir(), 'tops-fakes-'));
  readonly env: NodeJS.ProcessEnv;
  readonly runner: Runner;

  constructor(answers: Readonly<Record<string, readonly Answer[]>>) {
    mkdirSync(join(this.directory, 'bin'));
    for (const [program, own] of Object.entries(answers)) {
      const path = join(this.directory, 'bin', program);
      writeFileSync(path, source(this.directory, program));
      chmodSync(path, 0o755);
      writeFileSync(join(this.directory, `${program}.json`), JSON.stringify({ answers: own }));
    }
    this.env = { PATH: join(this.directory, 'bin') };
    this.runner = systemRunner({ cwd: this.directory, env: this.env });
  }

  get calls(): Call[] {
    const path = join(this.directory, 'calls');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Call);
  }

  /** `kubectl apply …`, each call a line. */
  get lines(): string[] {
    return this.calls.map(({ program, args }) => [program, ...args].join(' '));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

export const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

const keys = (name: string, text: string): Answer => ({
  when: ['get', 'secret', name],
  stdout: text,
});

/** A machine and a cluster where everything is as it should be. */
export const wellDisposed = {
  git: [
    { when: ['status'], stdout: '' },
    { when: ['rev-parse'], stdout: 'c0ffee\n' },
  ],
  kubectl: [
    { when: ['current-context'], stdout: 'tops-staging\n' },
    // No Secret of ours yet, asked by name.
    { when: ['get', '--output=name'] },
    { when: ['deployment/tops-verifier', '--output=jsonpath={.metadata.generation}'], stdout: '4' },
    {
      when: ['rollout/tops-verifier', '--output=jsonpath={.status.workloadObservedGeneration}'],
      stdout: '4',
    },
    {
      when: ['rollout/tops-verifier', '--output=jsonpath={.status.phase} {.status.message}'],
      stdout: 'Healthy ',
    },
    keys('tops-worker-secrets', 'VERIFY_PUBKEY WORKER_SK_HEX '),
    keys('tops-verifier-secrets', 'VERIFIER_SK_HEX '),
    keys('tops-verifier-tls', 'tls.crt tls.key '),
  ],
  docker: [{ when: ['imagetools'], stdout: `${digestOf('a')}\n` }],
} satisfies Record<string, readonly Answer[]>;

/** The same with the answers of one program put before its own. */
export function but(
  program: keyof typeof wellDisposed,
  ...answers: readonly Answer[]
): Record<string, readonly Answer[]> {
  return { ...wellDisposed, [program]: [...answers, ...wellDisposed[program]] };
}
