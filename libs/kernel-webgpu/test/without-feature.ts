import type { FoundAdapter } from '../src/device/adapter.ts';

/** The adapter as one that does not offer `feature`. */
export function withoutFeature(found: FoundAdapter, feature: string): FoundAdapter {
  const features = new Set([...found.adapter.features].filter((name) => name !== feature));
  const adapter = new Proxy(found.adapter, {
    get: (target, name) => {
      if (name === 'features') return features;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...found, adapter };
}
