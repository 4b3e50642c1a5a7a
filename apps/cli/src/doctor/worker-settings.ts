import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  formatConfigError,
  loadSecretFile,
  parseEnv,
  summariseEnv,
  type Environment,
} from '@tops/config';
import { keyPairFromSeed, publicKeyToDid } from '@tops/crypto';
import { cliEnv, seedField } from '../cli-env.ts';
import { found, type Finding } from './finding.ts';

/** The worker's variables that were found set (secrets redacted), what is wrong with them, and which key would sign. */
export function inspectSettings(env: Environment, cwd: string): Finding[] {
  const set = summariseEnv(cliEnv, env).filter((row) => row.source === 'environment');
  const shown = set.map((row) => `${row.variable}=${row.shown}`).join(' ');
  const findings = [found('environment', 'ok', shown === '' ? 'nothing set' : shown)];
  const parsed = parseEnv(cliEnv, env);
  if (!parsed.ok) {
    for (const error of parsed.errors)
      findings.push(found('environment', 'fail', formatConfigError(error)));
    return findings;
  }
  const { values } = parsed;
  findings.push(checkKey(values, cwd), findAutotune(values.DATA_DIR, cwd));
  return findings;
}

/** What a worker started here already knows about its GPU; here everything is tried anew. */
function findAutotune(dataDir: string, cwd: string): Finding {
  const path = resolve(cwd, join(dataDir, 'autotune.json'));
  const detail = existsSync(path)
    ? `${path}: used while adapter, driver and versions stay; delete it to try anew`
    : `none yet; a worker on a GPU keeps what its trials find out in ${path}`;
  return found('autotune', 'ok', detail);
}

interface KeySettings {
  readonly WORKER_SK_HEX: Uint8Array | undefined;
  readonly WORKER_SK_FILE: string | undefined;
  readonly DATA_DIR: string;
  readonly NODE_ENV: string;
}

function checkKey(values: KeySettings, cwd: string): Finding {
  if (values.WORKER_SK_HEX !== undefined && values.WORKER_SK_FILE !== undefined)
    return found('key', 'fail', 'WORKER_SK_HEX and WORKER_SK_FILE are both set; keep one');
  if (values.WORKER_SK_HEX !== undefined)
    return found('key', 'ok', `WORKER_SK_HEX: ${didOf(values.WORKER_SK_HEX)}`);
  if (values.WORKER_SK_FILE !== undefined)
    return checkKeyFile('WORKER_SK_FILE', resolve(cwd, values.WORKER_SK_FILE));
  if (values.NODE_ENV === 'production')
    return found('key', 'fail', 'production needs WORKER_SK_HEX or WORKER_SK_FILE; try `keygen`');
  const path = resolve(cwd, join(values.DATA_DIR, 'worker.key'));
  if (existsSync(path)) return checkKeyFile('DATA_DIR', path);
  return found('key', 'ok', `none yet; the worker makes a development key in ${path}`);
}

function checkKeyFile(variable: string, path: string): Finding {
  const file = loadSecretFile({ variable, path, field: seedField });
  if (!file.ok) return found('key', 'fail', formatConfigError(file.error));
  if (file.warning !== undefined) return found('key', 'warn', file.warning);
  return found('key', 'ok', `${path}: ${didOf(file.value)}`);
}

function didOf(seed: Uint8Array): string {
  return publicKeyToDid(keyPairFromSeed(seed).publicKey);
}
