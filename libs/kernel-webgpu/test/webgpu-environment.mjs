// Jest environment for specs that run shaders: a spec sees a copy of process.env and a sandboxed process, so the Vulkan
// driver is chosen here. Use: a docblock `@jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs` (relative to the project).
import { TestEnvironment } from 'jest-environment-node';
import { loadSoftwareVulkan } from './software-vulkan.mjs';

/** Dawn's instances of all spec files, which src/device/dawn-instance.ts keeps on the global object of each. */
const instances = [];

export default class WebGpuEnvironment extends TestEnvironment {
  async setup() {
    loadSoftwareVulkan();
    await super.setup();
  }

  async teardown() {
    // Only the file's realm ends here, and not the process that Dawn polls them in.
    instances.push(this.global[Symbol.for('tops.dawn-instances')]);
    await super.teardown();
  }
}
