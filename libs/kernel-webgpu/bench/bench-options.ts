import { parseArgs } from 'node:util';
import { shapeProblem, type Shape } from '@tops/protocol';
import type { GemmPathName } from '../src/gemm-path.ts';

export const benchUsage = `Usage: bench [--option value …]
  --shapes "m,n,k;…"   shapes to measure; default: five for a GPU, two small ones with --software
  --paths a,b          of subgroup-matrix, dot4, plain; default: all, each on every shape
  --attempts N         whole attempts a shape, after one that warms up; default 8
  --adapter NAME       part of the adapter's name; default: the first
  --backend NAME       vulkan, metal, d3d12, …; default: Dawn's choice
  --software           measure a software adapter all the same
  --json FILE          where the same goes as JSON
  --vendor FILE        figures of vendor-int-mm.py from the same machine, shown beside
  --help               this`;

const pathNames: readonly GemmPathName[] = ['subgroup-matrix', 'dot4', 'plain'];
const gpuShapes =
  '65536,1024,1024;262144,1024,1024;65536,2048,2048;32768,4096,4096;1048576,256,256';
const softwareShapes = '1024,256,256;512,512,512';
const attemptCountMax = 10_000;

export interface BenchOptions {
  readonly shapes: readonly Shape[];
  readonly paths: readonly GemmPathName[];
  readonly attemptCount: number;
  readonly adapter: string | undefined;
  readonly backend: string | undefined;
  readonly allowSoftware: boolean;
  readonly jsonPath: string | undefined;
  readonly vendorPath: string | undefined;
}

/** @returns 'help' when asked for it. @throws RangeError, TypeError saying what was expected */
export function readBenchOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      adapter: { type: 'string' },
      backend: { type: 'string' },
      shapes: { type: 'string' },
      attempts: { type: 'string', default: '8' },
      paths: { type: 'string', default: pathNames.join(',') },
      software: { type: 'boolean', default: false },
      json: { type: 'string' },
      vendor: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const shapes = values.shapes ?? (values.software ? softwareShapes : gpuShapes);
  return {
    shapes: shapes.split(';').map(readShape),
    paths: values.paths.split(',').map(readPath),
    attemptCount: readCount(values.attempts),
    adapter: values.adapter,
    backend: values.backend,
    allowSoftware: values.software,
    jsonPath: values.json,
    vendorPath: values.vendor,
  };
}

function readShape(text: string): Shape {
  const sizes = text.split(',').map((part) => part.trim());
  const [m, n, k] = sizes.map(Number);
  const isShape = sizes.length === 3 && sizes.every((part) => /^[1-9]\d{0,8}$/.test(part));
  if (!isShape || m === undefined || n === undefined || k === undefined) {
    throw new RangeError(`--shapes: expected "m,n,k;…", got ${JSON.stringify(text)}`);
  }
  const problem = shapeProblem({ m, n, k });
  if (problem) throw new RangeError(`--shapes: ${problem.detail}`);
  return { m, n, k };
}

function readPath(text: string): GemmPathName {
  const name = pathNames.find((known) => known === text.trim());
  if (!name) throw new RangeError(`--paths: expected ${pathNames.join(', ')}, got ${text}`);
  return name;
}

function readCount(text: string): number {
  const count = /^[1-9]\d*$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > attemptCountMax) {
    throw new RangeError(`--attempts: expected 1 to ${attemptCountMax}, got ${text}`);
  }
  return count;
}
