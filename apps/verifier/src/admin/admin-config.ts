import {
  integer,
  loadSecretFile,
  path,
  text,
  type ConfigError,
  type EnvFields,
  type EnvValues,
  type Field,
} from '@tops/config';

const adminToken = text({
  maxLength: 512,
  secret: true,
  pattern: /^[\x21-\x7e]{32,512}$/,
  expected: '32 to 512 printable ASCII characters without a space',
  describe: 'What the admin API asks for, as a bearer token. Or ADMIN_TOKEN_FILE.',
});

export const adminFields = {
  ADMIN_PORT: integer({
    min: 0,
    max: 65_535,
    describe:
      'TCP port of the admin API, which needs ADMIN_TOKEN too; unset leaves it off, 0 takes a free one.',
  }),
  ADMIN_HOST: text({
    maxLength: 255,
    default: '127.0.0.1',
    describe: 'Address the admin API listens on. It speaks plain HTTP: keep it on this machine.',
  }),
  ADMIN_TOKEN: adminToken,
  ADMIN_TOKEN_FILE: path({ describe: 'File that holds ADMIN_TOKEN.' }),
} satisfies EnvFields;

/** Where the admin API listens, and what it asks for; `token` is secret. */
export interface AdminConfig {
  readonly port: number;
  readonly host: string;
  readonly token: string;
  /** That others may read the file of the token. */
  readonly warning: string | undefined;
}

export type AdminTokenResult =
  | { readonly ok: true; readonly token: string; readonly warning: string | undefined }
  | { readonly ok: false; readonly error: ConfigError };

type Values = EnvValues<typeof adminFields>;

/** Reads the file that ADMIN_TOKEN_FILE names; undefined when none is, or ADMIN_TOKEN is set too, which is the error. */
export function readAdminTokenFile(values: Partial<Values>): AdminTokenResult | undefined {
  const { ADMIN_TOKEN_FILE: file, ADMIN_TOKEN: token } = values;
  if (file === undefined || token !== undefined) return undefined;
  const result = loadSecretFile({
    variable: 'ADMIN_TOKEN_FILE',
    path: file,
    field: adminToken as Field<string>,
  });
  return result.ok ? { ok: true, token: result.value, warning: result.warning } : result;
}

/** @param fromFile - what readAdminTokenFile gave. @returns undefined while the admin API is off. */
export function adminConfig(
  values: Values,
  fromFile: Extract<AdminTokenResult, { readonly ok: true }> | undefined,
): AdminConfig | undefined {
  const token = fromFile?.token ?? values.ADMIN_TOKEN;
  if (values.ADMIN_PORT === undefined || token === undefined) return undefined;
  return { port: values.ADMIN_PORT, host: values.ADMIN_HOST, token, warning: fromFile?.warning };
}

/** Whether an address to listen on is this machine's alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}
