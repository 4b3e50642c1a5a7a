// How much of a build was there already, from what `docker build --progress=plain` prints.

/** Steps of the Dockerfile alone: what BuildKit calls internal is its own, and a base is never called cached. */
export function countSteps(log) {
  const matches = log.matchAll(/^#(\d+) \[(?!internal)(?!.*\] FROM )/gm);
  const steps = new Set([...matches].map(([, step]) => step));
  const cached = [...log.matchAll(/^#(\d+) CACHED$/gm)].filter(([, step]) => steps.has(step));
  return { stepCount: steps.size, cachedCount: cached.length };
}
