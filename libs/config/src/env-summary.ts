import type { EnvSchema } from './env-schema.ts';
import type { Environment } from './parse-env.ts';

/** Where one variable's value comes from, fit to be shown: secrets only say that they are set. */
export interface EnvSummaryRow {
  readonly variable: string;
  readonly source: 'environment' | 'default' | 'unset';
  readonly shown: string;
}

const SHOWN_CHARACTERS_MAX = 200;

/** What an operator may be told of the settings in force; values are shown as given, whether they are valid or not. */
export function summariseEnv(schema: Pick<EnvSchema, 'fields'>, env: Environment): EnvSummaryRow[] {
  return Object.entries(schema.fields).map(([variable, field]) => {
    const given = env[variable]?.trim() ?? '';
    if (given === '')
      return field.defaultText === undefined
        ? { variable, source: 'unset', shown: '' }
        : { variable, source: 'default', shown: field.defaultText };
    // An address with a password in it is no valid setting, yet it would be shown here.
    const isHidden = field.secret || given.includes('@');
    const shown = isHidden ? `${given.length} characters (redacted)` : printable(given);
    return { variable, source: 'environment', shown };
  });
}

function printable(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS_MAX).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
}
