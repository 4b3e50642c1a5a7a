export {
  findAdapter,
  listAdapters,
  type AdapterChoice,
  type AdapterDescription,
  type SubgroupMatrixConfig,
} from './device/adapter.ts';
