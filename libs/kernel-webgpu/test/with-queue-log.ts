import type { FoundAdapter } from '../src/device/adapter.ts';

/** The adapter with a device that logs `submit` for each submission and `done` when the host hears of its end. */
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
    queue.onSubmittedWorkDone = async () => {
      await onSubmittedWorkDone();
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
