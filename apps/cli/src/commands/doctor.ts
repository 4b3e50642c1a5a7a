import { availableParallelism } from 'node:os';
import { parseEnv } from '@tops/config';
import { cliEnv } from '../cli-env.ts';
import { exitCode, printJson, printLine, type CliIo } from '../cli-io.ts';
import { found, type Finding } from '../doctor/finding.ts';
import { selfTestKernel } from '../doctor/kernel-self-test.ts';
import { inspectGpu } from '../doctor/gpu.ts';
import { inspectMachine } from '../doctor/machine.ts';
import { reachVerifier } from '../doctor/verifier-reach.ts';
import { inspectSettings } from '../doctor/worker-settings.ts';
import { renderTable } from '../text-table.ts';

export interface DoctorOptions {
  /** The verifier's base address; undefined when AGGREGATOR_URL is no address, which is reported. */
  readonly url: string | undefined;
  readonly timeoutMs: number;
  readonly json?: boolean;
}

/** Says what this machine has, what is set, and what a worker started here would use; exit 1 if it could not work. */
export async function doctor(options: DoctorOptions, io: CliIo): Promise<number> {
  const env = parseEnv(cliEnv, io.env);
  const threadCount = env.ok ? env.values.CPU_THREADS : undefined;
  const findings: Finding[] = [
    ...inspectMachine(),
    ...(await selfTestKernel(env.ok ? env.values.KERNEL_CPU : 'auto', threadCount)),
    ...(await inspectGpu(io.env)),
    ...inspectSettings(io.env, io.cwd),
  ];
  if (options.url !== undefined) findings.push(await reachVerifier(options.url, options.timeoutMs));
  const backend = chooseBackend(findings, !env.ok || env.values.CPU_FALLBACK);
  if (backend === 'none')
    findings.push(found('backend', 'fail', 'CPU_FALLBACK=0 demands a GPU, and none can be used'));
  const failures = findings.filter((finding) => finding.state === 'fail');
  const uses = {
    backend: failures.some(({ check }) => check === 'cpu kernel') ? 'none' : backend,
    threads: threadCount ?? availableParallelism(),
    verifier: options.url ?? 'none',
  };
  if (options.json === true) printJson(io, { ok: failures.length === 0, findings, uses });
  else {
    printLine(io, renderTable(findings.map(({ check, state, detail }) => [check, state, detail])));
    printLine(
      io,
      failures.length === 0
        ? `\na worker started here uses: ${uses.backend}, ${uses.threads} threads, ${uses.verifier}`
        : `\na worker cannot work here yet: ${failures.length} failed`,
    );
  }
  return failures.length === 0 ? exitCode.ok : exitCode.failed;
}

/** What a worker started here would compute with. */
function chooseBackend(findings: readonly Finding[], mayFallBack: boolean): string {
  const hasGpu = findings.some(({ check, state }) => check === 'gpu kernel' && state === 'ok');
  if (hasGpu) return 'webgpu';
  return mayFallBack ? 'cpu' : 'none';
}
