/// <reference types="@webgpu/types" />
import { createRequire } from 'node:module';
import { KernelError } from '@tops/kernel-spec';
import { dawnInstance } from './dawn-instance.ts';

/** Subgroup matrix sizes an adapter multiplies in hardware (chromium-experimental-subgroup-matrix). */
export interface SubgroupMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What `tops doctor` prints of an adapter. */
export interface AdapterDescription {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** Driver and version, as the backend words it. */
  readonly driver: string;
  /** A CPU pretending to be a GPU: SwiftShader, lavapipe, WARP. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly subgroupMatrixConfigs: readonly SubgroupMatrixConfig[];
  readonly subgroupSizes: { readonly min: number; readonly max: number };
}

export interface AdapterChoice {
  /** Substring of the device name (WEBGPU_ADAPTER); the first match wins. */
  readonly adapter?: string;
  /** Dawn's backend, "vulkan" say (WEBGPU_BACKEND); default: Dawn's choice. */
  readonly backend?: string;
}

export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly description: AdapterDescription;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|basic render driver|warp/i;

// Timestamps are rounded to 65.5 µs unless asked otherwise; subgroup matrices are behind the flag for unfinished features.
// Zeroing workgroup memory before each workgroup costs time there, and on SwiftShader seconds of compiling; no shader here reads
// what it has not written.
const dawnOptions = [
  'enable-dawn-features=allow_unsafe_apis,disable_workgroup_init',
  'disable-dawn-features=timestamp_quantization',
];

/**
 * Loads Dawn and asks it for an adapter.
 *
 * @throws KernelError `device_unavailable` when the driver cannot be loaded or no adapter fits
 */
export async function findAdapter(choice: AdapterChoice = {}): Promise<FoundAdapter> {
  const found = await requestAdapter(choice, { powerPreference: 'high-performance' });
  if (!found) {
    const wanted = [choice.backend, choice.adapter].filter(Boolean).join(' ');
    throw new KernelError(
      'device_unavailable',
      `expected a WebGPU adapter${wanted && ` matching "${wanted}"`}, got none: is a Vulkan driver installed?`,
    );
  }
  return { adapter: found, description: describeAdapter(found) };
}

/**
 * Every adapter Dawn offers by way of its preferences; two identical GPUs cannot be told apart and count once.
 *
 * @throws KernelError `device_unavailable` when Dawn itself cannot be loaded
 */
export async function listAdapters(choice: AdapterChoice = {}): Promise<AdapterDescription[]> {
  const found = new Map<string, AdapterDescription>();
  const preferences: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  for (const preference of preferences) {
    const adapter = await requestAdapter(choice, preference);
    if (!adapter) continue;
    const description = describeAdapter(adapter);
    found.set(`${description.name}\n${description.driver}`, description);
  }
  return [...found.values()];
}

async function requestAdapter(
  { adapter, backend }: AdapterChoice,
  preference: GPURequestAdapterOptions,
): Promise<GPUAdapter | undefined> {
  const options = [...dawnOptions];
  if (backend) options.push(`backend=${backend}`);
  if (adapter) options.push(`adapter=${adapter}`);
  const instance = await dawnInstance(options);
  try {
    return (await instance.requestAdapter(preference)) ?? undefined;
  } catch {
    // Dawn throws where the specification says null, for an adapter name without a match among others.
    return undefined;
  }
}

/** Version of the package that holds Dawn; `unknown` where it cannot be told. Loads no driver. */
export function dawnVersion(): string {
  try {
    const manifest = createRequire(import.meta.url)('webgpu/package.json') as { version?: unknown };
    return typeof manifest.version === 'string' ? manifest.version : 'unknown';
  } catch {
    return 'unknown';
  }
}

interface DawnAdapterInfo extends GPUAdapterInfo {
  readonly subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig>;
}

function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const info = adapter.info as DawnAdapterInfo;
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') limits[name] = value;
  }
  const name = info.device || info.description || info.architecture || info.vendor || 'unnamed';
  return {
    name,
    vendor: info.vendor,
    architecture: info.architecture,
    driver: info.description,
    isSoftware:
      info.isFallbackAdapter ||
      softwareNames.test(`${name} ${info.architecture} ${info.description}`),
    features: [...adapter.features].sort(),
    limits,
    subgroupMatrixConfigs: [...(info.subgroupMatrixConfigs ?? [])].map((config) => ({
      componentType: config.componentType,
      resultComponentType: config.resultComponentType,
      M: config.M,
      N: config.N,
      K: config.K,
    })),
    subgroupSizes: { min: info.subgroupMinSize ?? 0, max: info.subgroupMaxSize ?? 0 },
  };
}
