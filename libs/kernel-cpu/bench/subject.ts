/** Something that can be timed again and again. */
export interface Subject {
  readonly name: string;
  /** Nominal ops of one run. */
  readonly ops: number;
  run(): Promise<void> | void;
  close?(): Promise<void>;
}

export interface Sample {
  readonly gopsPerWallSecond: number;
  /** By the processor time of the whole process, all its threads. */
  readonly gopsPerCpuSecond: number;
}

/** Runs a subject for about `sampleMs`, once at least. */
export async function measure(subject: Subject, sampleMs: number): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let runCount = 0;
  do {
    await subject.run();
    runCount++;
  } while (performance.now() - start < sampleMs);
  const elapsedMs = performance.now() - start;
  const cpu = process.cpuUsage(cpuBefore);
  const ops = runCount * subject.ops;
  return {
    gopsPerWallSecond: ops / (elapsedMs * 1e6),
    gopsPerCpuSecond: ops / ((cpu.user + cpu.system) * 1e3),
  };
}

/**
 * One sample of every subject a round, so that what else the machine does meets all of them alike.
 *
 * @returns for each subject its samples, round by round
 */
export async function measureInterleaved<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  options: { readonly roundCount: number; readonly sampleMs: number },
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(subjects) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    Sample[]
  >;
  for (const name of names) await measure(subjects[name], options.sampleMs);
  for (let round = 0; round < options.roundCount; round++) {
    for (const name of names) {
      samples[name].push(await measure(subjects[name], options.sampleMs));
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
