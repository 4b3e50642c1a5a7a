// Preload (`node --import`) that makes SwiftShader a process's Vulkan: how a built program computes on a GPU where there is none.
import { loadSoftwareVulkan } from './software-vulkan.mjs';

loadSoftwareVulkan();
