import { afterEach, beforeEach } from '@jest/globals';
import { FakeVerifier, type Reply, type Route } from './fake-verifier.ts';
import {
  startWorker,
  waitUntil,
  type HarnessOptions,
  type RunningWorker,
} from './worker-harness.ts';

export interface Fixture {
  /** Fresh for every spec, listening. */
  readonly verifier: FakeVerifier;
  /** A worker that is stopped after the spec. */
  start(options?: HarnessOptions): RunningWorker;
  /** Waits for this many more accepted receipts than there are now. */
  accepted(count: number): Promise<void>;
  /** Answers the next `count` requests of a route with `reply`; honest afterwards. */
  failNext(route: Route, count: number, reply: Reply): void;
}

/** One fake verifier and its workers for each spec of the file that calls this. */
export function useFixture(): Fixture {
  let verifier = new FakeVerifier();
  let running: RunningWorker[] = [];

  beforeEach(async () => {
    verifier = new FakeVerifier();
    await verifier.start();
  });

  afterEach(async () => {
    await Promise.all(running.map((worker) => worker.stop(50).catch(() => undefined)));
    running = [];
    await verifier.stop();
  });

  return {
    get verifier() {
      return verifier;
    },
    start(options = {}) {
      const started = startWorker(verifier, options);
      running.push(started);
      return started;
    },
    async accepted(count) {
      const target = verifier.acceptedCount + count;
      await waitUntil(`${count} more accepted`, () => verifier.acceptedCount >= target);
    },
    failNext(route, count, reply) {
      let left = count;
      verifier.script = (asked) => (asked === route && left-- > 0 ? reply : undefined);
    },
  };
}
