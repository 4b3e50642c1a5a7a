/** One line of the doctor's report; only `fail` makes the exit code 1. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

export function found(check: string, state: Finding['state'], detail: string): Finding {
  return { check, state, detail };
}
