import { shapeLimitsProblem, shapeProblem, type Limits, type Shape } from '@tops/protocol';

/** A list is for choosing from, not for generating: bounds the trials at start. */
export const presetCountMax = 32;

/** What reading AUTOTUNE_PRESETS gave: the shapes, or what was expected where it went wrong. */
export type PresetsResult =
  | { readonly ok: true; readonly value: readonly Shape[] }
  | { readonly ok: false; readonly expected: string };

export const presetsForm = `1 to ${presetCountMax} shapes "m,n,k" within the rules of docs/protocol.md, between semicolons`;

/** Reads AUTOTUNE_PRESETS: "m,n,k;m,n,k". White space around numbers and a last semicolon are let pass. */
export function readPresets(text: string): PresetsResult {
  const parts = text.split(';').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.length < 1 || parts.length > presetCountMax)
    return { ok: false, expected: presetsForm };
  const shapes: Shape[] = [];
  for (const [index, part] of parts.entries()) {
    const match = /^([1-9]\d{0,8})\s*,\s*([1-9]\d{0,8})\s*,\s*([1-9]\d{0,8})$/.exec(part);
    const name = `preset ${index + 1} of ${parts.length}`;
    if (match === null) return { ok: false, expected: `${name} as "m,n,k"` };
    const shape: Shape = { m: Number(match[1]), n: Number(match[2]), k: Number(match[3]) };
    const problem = shapeProblem(shape);
    if (problem !== undefined) {
      return { ok: false, expected: `${name} within the shape rules (${problem.detail})` };
    }
    shapes.push(shape);
  }
  return { ok: true, value: shapes };
}

/** Whether a verifier takes n and k; m is scaled to its min_rows anyway. */
export function fitsWeightLimit(
  shape: Pick<Shape, 'n' | 'k'>,
  limits: Pick<Limits, 'max_weights'>,
): boolean {
  return shapeLimitsProblem({ ...shape, m: 0 }, { ...limits, min_rows: 0 }) === undefined;
}
