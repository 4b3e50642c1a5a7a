import {
  choice,
  defineEnv,
  flag,
  gpuFields,
  hexBytes,
  integer,
  path,
  text,
  url,
  type ConfigSection,
} from '@tops/config';
import { cpuKernelChoices } from '@tops/kernel-cpu';

/** How a worker's seed is read from a variable or a file. */
export const seedField = hexBytes({
  bytes: 32,
  secret: true,
  describe: "doctor: the worker's seed; its public key is shown.",
});

/** The verifier's address for `status` and `doctor`, unless --url says otherwise. */
export const urlField = url({
  default: 'http://localhost:8081',
  describe: "status, doctor: the verifier's base address when --url is not given.",
});

/** The admin API's address for `admin`, unless --url says otherwise. */
export const adminUrlField = url({
  default: 'http://127.0.0.1:8083',
  describe:
    "admin: the base address of a verifier's admin API when --url is not given; https, or this machine.",
});

/** As the verifier reads its own. */
export const adminTokenField = text({
  maxLength: 512,
  secret: true,
  pattern: /^[\x21-\x7e]{32,512}$/,
  expected: '32 to 512 printable ASCII characters without a space',
  describe: 'admin: the token of the admin API.',
});

/** Which CPU kernel computes, for every command that does. */
export const cpuKernelField = choice({
  values: cpuKernelChoices,
  default: 'auto',
  describe: 'CPU kernel of every command that computes, as for the worker.',
});

/** What the command line reads of the worker's variables; the worker's own schema is in its section. */
const workerFields = {
  AGGREGATOR_URL: urlField,
  WORKER_SK_HEX: seedField,
  WORKER_SK_FILE: path({ describe: 'doctor: a file that holds the seed.' }),
  DATA_DIR: path({ default: './data/worker', describe: 'doctor: where a development key lives.' }),
  NODE_ENV: text({
    default: 'development',
    maxLength: 64,
    describe: 'doctor: production needs a configured key.',
  }),
  CPU_FALLBACK: flag({ default: true, describe: 'doctor: 0 demands a GPU.' }),
  KERNEL_CPU: cpuKernelField,
  CPU_THREADS: integer({
    min: 1,
    max: 1024,
    describe: 'doctor: threads of the CPU kernel; one for each core when unset.',
  }),
  ...gpuFields,
};

export const cliEnv = defineEnv(workerFields);

/** Apart from the others: a malformed token is no concern of a command that does not send it. */
const adminFields = {
  ADMIN_URL: adminUrlField,
  ADMIN_TOKEN: adminTokenField,
  ADMIN_ACTOR: text({
    maxLength: 100,
    describe: 'admin: who acts, for the log, when --actor is not given; else USER.',
  }),
};

/** The command line's part of docs/configuration.md. */
export const cliConfigSection: ConfigSection = {
  title: 'Command line',
  intro: 'Read by `npm run -s tops`; options win over variables.',
  schema: defineEnv({ ...workerFields, ...adminFields }),
};
