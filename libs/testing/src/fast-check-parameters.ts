/**
 * Parameters for `fc.assert`: a fresh seed a run, printed so that a failure can be repeated with FC_SEED.
 *
 * @param numRuns - how many cases to try; FC_RUNS overrides it for a longer hunt.
 */
export function fcParameters(numRuns = 100): { seed: number; numRuns: number; verbose: number } {
  const seed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 0x7fffffff));
  process.stderr.write(`fast-check seed ${seed} (repeat with FC_SEED=${seed})\n`);
  return { seed, numRuns: Number(process.env['FC_RUNS'] ?? numRuns), verbose: 1 };
}
