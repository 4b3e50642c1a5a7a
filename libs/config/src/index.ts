export {
  CONFIG_EXIT_CODE,
  describeValue,
  exitWithConfigErrors,
  formatConfigError,
  type ConfigError,
  type ExitDependencies,
} from './config-error.ts';
export { renderConfigMarkdown, type ConfigSection } from './config-markdown.ts';
export {
  defineEnv,
  type EnvFields,
  type EnvRule,
  type EnvSchema,
  type EnvValues,
} from './env-schema.ts';
export { summariseEnv, type EnvSummaryRow } from './env-summary.ts';
export type { Field, FieldOptions, FieldResult } from './field.ts';
export { choice, custom, decimal, flag, integer } from './fields.ts';
export { gpuFields, gpuSettings, type GpuSettings } from './gpu-fields.ts';
export { isServiceLink } from './look-alikes.ts';
export { parseEnv, type Environment, type EnvResult, type ParseEnvOptions } from './parse-env.ts';
export { loadSecretFile, type SecretFileInput, type SecretFileResult } from './secret-file.ts';
export { hexBytes, hexKeyList, path, text, url } from './text-fields.ts';
