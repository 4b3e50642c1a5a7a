/** @jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { bytesToHex, foldMultiproof, workTreeHasher } from '@tops/crypto';
import { createCpuKernel } from '@tops/kernel-cpu';
import {
  createWebGpuKernel,
  findAdapter,
  listAdapters,
  type FoundAdapter,
} from '@tops/kernel-webgpu';
import { attemptOf } from '../src/attempts.ts';

const adapters = await listAdapters().catch(() => []);
const canRun = adapters.length > 0 || process.env['REQUIRE_WEBGPU'] === '1';

/** Bytes of the buffers that are alive on a device, and how many there ever were at once. */
class BufferCount {
  liveBytes = 0;
  peakBytes = 0;
  submissionCount = 0;

  readonly watch = (found: FoundAdapter): FoundAdapter => {
    const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const device = await found.adapter.requestDevice(descriptor);
      const createBuffer = device.createBuffer.bind(device);
      device.createBuffer = (wanted) => {
        const buffer = createBuffer(wanted);
        this.liveBytes += wanted.size;
        this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
        const destroy = buffer.destroy.bind(buffer);
        let isAlive = true;
        buffer.destroy = () => {
          if (isAlive) this.liveBytes -= wanted.size;
          isAlive = false;
          return destroy();
        };
        return buffer;
      };
      const submit = device.queue.submit.bind(device.queue);
      device.queue.submit = (commands) => {
        this.submissionCount++;
        return submit(commands);
      };
      return device;
    };
    const adapter = new Proxy(found.adapter, {
      get: (target, name) =>
        name === 'requestDevice' ? requestDevice : (Reflect.get(target, name, target) as unknown),
    });
    return { ...found, adapter };
  };
}

(canRun ? describe : describe.skip)('an attempt of many chunks', () => {
  const retainedNodeLimit = 64;

  /** Chunks of 64 rows: as many of them as on a large GPU at the largest m, in little time. */
  async function openGpu(count: BufferCount) {
    return createWebGpuKernel(
      { allowSoftware: true, gemmPath: 'plain', chunkBufferBytes: 1, retainedNodeLimit },
      { findAdapter: async (choice) => count.watch(await findAdapter(choice)) },
    );
  }

  it('has the root of one that goes through the CPU, opened anywhere', async () => {
    const count = new BufferCount();
    const gpu = await openGpu(count);
    const cpu = await createCpuKernel({ threadCount: 1 });
    try {
      // 513 chunks: more than are timed one by one, and a promoted node on every level above them.
      const attempt = attemptOf({ m: 513 * 64, n: 64, k: 64 });
      const before = count.submissionCount;
      const commitment = await gpu.commit(attempt);
      expect(count.submissionCount - before).toBe(513);
      expect(commitment.deviceTime?.seconds).toBeGreaterThan(0);
      const expected = await cpu.commit(attempt);
      expect(bytesToHex(commitment.workRoot)).toBe(bytesToHex(expected.workRoot));
      const rows = [0, 63, 64, 16_384, 32_767, 32_768, 32_831];
      const opening = await commitment.open(rows);
      expect(opening).toEqual(await expected.open(rows));
      const input = { leafCount: attempt.shape.m, rows, ...opening };
      expect(foldMultiproof(input, workTreeHasher)).toEqual(expected.workRoot);
    } finally {
      await gpu.close();
      await cpu.close();
    }
  });

  it('takes no more device memory the more rows it has, but for its tree', async () => {
    const peakOf = async (chunkCount: number): Promise<number> => {
      const count = new BufferCount();
      const gpu = await openGpu(count);
      try {
        // The known answer of the start took more than this.
        count.peakBytes = count.liveBytes;
        for (const keyByte of [1, 2]) {
          await gpu.commit(attemptOf({ m: chunkCount * 64, n: 64, k: 64 }, keyByte));
        }
        return count.peakBytes;
      } finally {
        await gpu.close();
      }
    };
    const [few, many] = [await peakOf(16), await peakOf(256)];
    // A kept tree has a node for each 64 rows and as many above, 32 bytes each, on the device and for the host.
    const treeBytes = (chunkCount: number) => 2 * 2 * 32 * chunkCount;
    expect(many - few).toBeLessThanOrEqual(treeBytes(256) - treeBytes(16));
    expect(many).toBeGreaterThan(few);
    // Two workspaces of 64 rows, weights, parameters, timestamps: nothing that a large m could make large.
    expect(few).toBeLessThan(2 ** 20);
  });
});
