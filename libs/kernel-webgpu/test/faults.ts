import type { FoundAdapter } from '../src/device/adapter.ts';

export type Fault = 'validation' | 'out-of-memory' | 'internal' | 'hang' | 'lost';

/** Faults to come: each hits one submission. */
export interface FaultPlan {
  next: Fault | undefined;
}

/**
 * The adapter with a device that fails on demand where a real one would: an error is caught by the error scope of its kind,
 * a hung queue answers nobody, a lost device is gone.
 */
export function withFaults(found: FoundAdapter, plan: FaultPlan): FoundAdapter {
  const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
    const device = await found.adapter.requestDevice(descriptor);
    injectInto(device, plan);
    return device;
  };
  const adapter = new Proxy(found.adapter, {
    get: (target, name) =>
      name === 'requestDevice' ? requestDevice : (Reflect.get(target, name, target) as unknown),
  });
  return { ...found, adapter };
}

function injectInto(device: GPUDevice, plan: FaultPlan): void {
  const { queue } = device;
  const scopes: GPUErrorFilter[] = [];
  let caught: Fault | undefined;
  let isHung = false;

  const pushErrorScope = device.pushErrorScope.bind(device);
  device.pushErrorScope = (filter) => {
    scopes.push(filter);
    pushErrorScope(filter);
  };
  const popErrorScope = device.popErrorScope.bind(device);
  device.popErrorScope = async () => {
    const filter = scopes.pop();
    const isHit = filter !== undefined && caught === filter;
    if (isHit) caught = undefined;
    const error = await popErrorScope();
    return isHit ? ({ message: `injected ${filter} error` } as GPUError) : error;
  };
  const submit = queue.submit.bind(queue);
  queue.submit = (commands) => {
    const fault = plan.next;
    plan.next = undefined;
    if (fault === 'lost') device.destroy();
    else if (fault === 'hang') isHung = true;
    else if (fault !== undefined) caught = fault;
    else submit(commands);
  };
  const onSubmittedWorkDone = queue.onSubmittedWorkDone.bind(queue);
  queue.onSubmittedWorkDone = () =>
    isHung ? new Promise<undefined>(() => undefined) : onSubmittedWorkDone();
}
