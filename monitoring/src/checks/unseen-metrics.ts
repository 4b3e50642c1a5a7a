import type { UnseenMetrics } from './inputs.ts';

/** Metrics of the apps that no rule and no dashboard shows. Each needs a reason; one that is shown may not stay here. */
export const unseenMetrics: readonly UnseenMetrics[] = [
  {
    name: 'nodejs_*',
    reason:
      "prom-client's own: the event loop and the heap are shown, the rest is for a closer look",
  },
  {
    name: 'process_*',
    reason: "prom-client's own: processor, memory and start time are shown, the rest likewise",
  },
];
