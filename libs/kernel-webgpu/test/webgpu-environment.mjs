// Jest environment for specs that run shaders: a spec sees a copy of process.env and a sandboxed process, so the Vulkan
// driver is chosen here. Use: a docblock `@jest-environment ../../libs/kernel-webgpu/test/webgpu-environment.mjs` (relative to the project).
import { TestEnvironment } from 'jest-environment-node';
import { loadSoftwareVulkan } from './software-vulkan.mjs';

export default class WebGpuEnvironment extends TestEnvironment {
  async setup() {
    loadSoftwareVulkan();
    await super.setup();
  }
}
