import { setTimeout } from 'node:timers/promises';
import type { FoundAdapter } from '../src/device/adapter.ts';

/** Far longer than the host takes to encode a submission, however busy the machine is with other work. */
const SUBMISSION_MS = 20;

/**
 * The adapter with a device that logs `submit` for each submission and `done` when the host hears of its end: one after the
 * other, as from a device that needs a while for each. A software adapter may be done before the host comes round to the next.
 */
export function withQueueLog(found: FoundAdapter, log: string[]): FoundAdapter {
  const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
    const device = await found.adapter.requestDevice(descriptor);
    const { queue } = device;
    const submit = queue.submit.bind(queue);
    queue.submit = (commands) => {
      log.push('submit');
      submit(commands);
    };
    const onSubmittedWorkDone = queue.onSubmittedWorkDone.bind(queue);
    let last: Promise<unknown> = Promise.resolve();
    queue.onSubmittedWorkDone = async () => {
      const before = last;
      const done = onSubmittedWorkDone()
        .then(() => before)
        .then(() => setTimeout(SUBMISSION_MS));
      last = done;
      await done;
      log.push('done');
      return undefined;
    };
    return device;
  };
  const adapter = new Proxy(found.adapter, {
    get: (target, name) =>
      name === 'requestDevice' ? requestDevice : (Reflect.get(target, name, target) as unknown),
  });
  return { ...found, adapter };
}
