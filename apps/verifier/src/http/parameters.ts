import { quoteUntrusted, type Parsed, type Problem } from '@tops/protocol';
import type { Parameter, Route } from './route.ts';

type Values = ReadonlyMap<string, string | number>;

/**
 * Path and query of a request, each value checked by its schema.
 *
 * @param input - `path` as the router decoded it, `search` without its question mark; both attacker-controlled.
 * @returns `path_invalid` or `query_invalid` for the first value at fault, unknown and repeated names included.
 */
export function readParameters(
  route: Pick<Route, 'operation'>,
  input: { readonly path: Readonly<Record<string, unknown>>; readonly search: string },
): Parsed<Values> {
  const declared = route.operation.parameters ?? [];
  const values = new Map<string, string | number>();
  const query = readQuery(declared, input.search);
  if (!query.ok) return query;
  for (const parameter of declared) {
    const isPath = parameter.in === 'path';
    const text = isPath ? input.path[parameter.name] : query.value.get(parameter.name);
    if (typeof text !== 'string') {
      const { schema } = parameter;
      if (schema.type === 'integer' && schema.default !== undefined) {
        values.set(parameter.name, schema.default);
      }
      continue;
    }
    const value = readValue(parameter, text);
    if (value === undefined) return { ok: false, problem: problemOf(parameter, text) };
    values.set(parameter.name, value);
  }
  return { ok: true, value: values };
}

function readQuery(
  declared: readonly Parameter[],
  search: string,
): Parsed<ReadonlyMap<string, string>> {
  const names = declared.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const expected = names.length === 0 ? 'no query' : `only ${names.join(', ')}`;
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (!names.includes(name) || values.has(name)) {
      const how = values.has(name) ? ' again' : '';
      const detail = `expected ${expected}, got ${quoteUntrusted(name)}${how}`;
      return { ok: false, problem: { code: 'query_invalid', detail } };
    }
    values.set(name, value);
  }
  return { ok: true, value: values };
}

function readValue({ schema }: Parameter, text: string): string | number | undefined {
  if (schema.type === 'string') {
    return text.length <= 1024 && new RegExp(schema.pattern).test(text) ? text : undefined;
  }
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= schema.minimum && value <= schema.maximum ? value : undefined;
}

function problemOf(parameter: Parameter, text: string): Problem {
  const { schema, name } = parameter;
  const form =
    schema.type === 'integer'
      ? `an integer from ${schema.minimum} to ${schema.maximum}`
      : `a text like ${schema.pattern}`;
  return {
    code: parameter.in === 'path' ? 'path_invalid' : 'query_invalid',
    detail: `expected ${name} as ${form}, got ${quoteUntrusted(text)}`,
    field: name,
  };
}
