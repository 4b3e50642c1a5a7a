/// <reference types="@webgpu/types" />
import { KernelError } from '@tops/kernel-spec';

const INSTANCES = Symbol.for('tops.dawn-instances');
const shared = globalThis as { [INSTANCES]?: Map<string, GPU> };

/**
 * Dawn with these options: made once and kept for as long as the process lives. Dawn polls an instance from Node.js's event loop
 * while anything asynchronous is due, a lost device's say, and does not hold it for that: collected by then, it takes the
 * process down. Kept, it does not keep the process alive.
 *
 * @throws KernelError `device_unavailable` when Dawn cannot be loaded
 */
export async function dawnInstance(options: readonly string[]): Promise<GPU> {
  // Of the process and not of this module, of which a test runner makes one for every file.
  const instances = (shared[INSTANCES] ??= new Map());
  const name = options.join(' ');
  const known = instances.get(name);
  if (known !== undefined) return known;
  try {
    // Imported late: who only links this library loads no GPU driver.
    const { create } = await import('webgpu');
    const instance = instances.get(name) ?? create([...options]);
    instances.set(name, instance);
    return instance;
  } catch (cause) {
    throw new KernelError('device_unavailable', `cannot load Dawn: ${String(cause)}`, { cause });
  }
}
