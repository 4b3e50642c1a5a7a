import { isSameDevice, type DeviceKey } from '@tops/kernel-webgpu';
import type { Logger } from '@tops/observability';
import type { SpeedCache } from './autotune.ts';
import type { AutotuneCache } from './autotune-cache.ts';
import type { ShapeSpeed } from './autotune-record.ts';

export interface DeviceSpeedsDeps {
  readonly cache: Pick<AutotuneCache, 'loadShapes' | 'saveShapes'>;
  /** What computes now; undefined for a CPU, whose speed is no property of the machine alone. */
  readonly deviceKey: () => DeviceKey | undefined;
  readonly logger: Pick<Logger, 'info'>;
}

/** Autotune's speeds of the device that computes. */
export class DeviceSpeeds implements SpeedCache {
  readonly #deps: DeviceSpeedsDeps;
  #loadedFor: DeviceKey | undefined;

  constructor(deps: DeviceSpeedsDeps) {
    this.#deps = deps;
  }

  async load(): Promise<readonly ShapeSpeed[]> {
    const { cache, deviceKey, logger } = this.#deps;
    this.#loadedFor = deviceKey();
    if (this.#loadedFor === undefined) return [];
    const speeds = await cache.loadShapes(this.#loadedFor);
    if (speeds.length > 0) logger.info('autotune speeds of an earlier start', { speeds });
    return speeds;
  }

  /** Keeps nothing when another device came in between: nobody knows whose speeds these are. */
  async save(speeds: readonly ShapeSpeed[]): Promise<void> {
    const key = this.#deps.deviceKey();
    const { cache } = this.#deps;
    if (key === undefined || this.#loadedFor === undefined) return;
    if (isSameDevice(key, this.#loadedFor)) await cache.saveShapes(key, speeds);
  }
}
