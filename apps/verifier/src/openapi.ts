import { errorCodes, errorStatus, type ErrorCode } from '@tops/protocol';
import { json, type Operation, type Parameter, type Route } from './http/route.ts';
import { openApiSchemas } from './openapi-schemas.ts';

/** What any route may answer. */
const anywhere: readonly ErrorCode[] = [
  ...(['request_malformed', 'headers_too_large', 'request_timeout', 'query_invalid'] as const),
  ...(['method_not_allowed', 'rate_limited', 'not_ready', 'internal_error'] as const),
];
/** What any route with a body may answer. */
const withBody: readonly ErrorCode[] = [
  ...(['content_type_unsupported', 'content_encoding_unsupported', 'body_too_large'] as const),
  ...(['body_empty', 'body_incomplete', 'overloaded', 'utf8_malformed'] as const),
  ...(['json_malformed', 'json_too_deep', 'json_too_complex', 'json_duplicate_key'] as const),
  ...([
    'field_unknown',
    'field_missing',
    'field_type',
    'integer_malformed',
    'hex_malformed',
  ] as const),
  ...(['base64_malformed', 'text_malformed'] as const),
];

/** Routes that are not in the table because @tops/observability or the dashboard answers them. */
const describedElsewhere: readonly Pick<Route, 'method' | 'path' | 'operation'>[] = [
  operationsRoute('/health', 'getHealth', 'Whether the process answers at all', {
    200: { description: 'It does', schema: 'Health' },
  }),
  operationsRoute('/ready', 'getReady', 'Whether the verifier takes work', {
    200: { description: 'It does', schema: 'Readiness' },
    503: { description: 'It does not; checks says why', schema: 'Readiness' },
  }),
  operationsRoute(
    '/metrics',
    'getMetrics',
    'Prometheus metrics; 404 with METRICS_ENABLED=0 or METRICS_PORT',
    {
      200: { description: 'Text exposition format', mediaType: 'text/plain' },
    },
  ),
  operationsRoute('/', 'getDashboard', 'The dashboard', {
    200: { description: 'A page', mediaType: 'text/html' },
  }),
];

/** GET /openapi.json, which describes itself too. */
export function openApiRoute(routes: readonly Route[]): Route {
  const route: Route = {
    method: 'get',
    path: '/openapi.json',
    operation: {
      operationId: 'getOpenApi',
      summary: 'This description',
      tag: 'operations',
      success: { 200: { description: 'OpenAPI 3.1', mediaType: 'application/json' } },
      problems: [],
    },
    handle: () => json(document),
  };
  const document = describeApi([...routes, route, ...describedElsewhere]);
  return route;
}

/** OpenAPI 3.1 of the routes. */
function describeApi(routes: readonly Pick<Route, 'method' | 'path' | 'operation'>[]) {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, operation } of routes) {
    paths[path] = { ...paths[path], [method]: describeOperation(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'tops verifier',
      version: '2.0.0',
      summary: 'Checks receipts of int8 compute and credits them.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'work', description: 'What a worker calls.' },
      { name: 'reading', description: 'Fleet, epochs and evidence.' },
      { name: 'operations', description: 'Probes, metrics and pages.' },
    ],
    paths,
    components: { schemas: openApiSchemas },
  };
}

function describeOperation(operation: Operation) {
  const { operationId, summary, description, tag, parameters, request } = operation;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(parameters === undefined ? {} : { parameters: parameters.map(describeParameter) }),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent('application/json', request) } }),
    responses: { ...describeProblems(operation), ...describeSuccess(operation) },
  };
}

function describeParameter({ name, in: where, description, schema }: Parameter) {
  return { name, in: where, description, schema, ...(where === 'path' ? { required: true } : {}) };
}

function describeSuccess(operation: Operation): Record<string, object> {
  const entries = Object.entries(operation.success).map(([status, success]) => {
    const { description, schema, mediaType = 'application/json' } = success;
    const content = schema === undefined ? { [mediaType]: {} } : jsonContent(mediaType, schema);
    return [status, { description, content }];
  });
  return Object.fromEntries(entries) as Record<string, object>;
}

/** One answer a status, with the codes that lead to it. */
function describeProblems(operation: Operation): Record<string, object> {
  const codes = new Set<ErrorCode>([
    ...operation.problems,
    ...anywhere,
    ...(operation.request === undefined ? [] : withBody),
    ...(operation.parameters?.some(({ in: where }) => where === 'path')
      ? (['path_invalid'] as const)
      : []),
  ]);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    byStatus.set(errorStatus[code], [...(byStatus.get(errorStatus[code]) ?? []), code]);
  }
  const entries = [...byStatus].map(([status, some]) => [
    String(status),
    {
      description: some.map((code) => `\`${code}\`: ${errorCodes[code].title}`).join('; '),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Problem' },
              { properties: { code: { enum: some } } },
            ],
          },
        },
      },
      ...(status === 429 || status === 503
        ? { headers: { 'Retry-After': { schema: { type: 'integer', minimum: 1 } } } }
        : {}),
    },
  ]);
  return Object.fromEntries(entries) as Record<string, object>;
}

function jsonContent(mediaType: string, schema: string) {
  return { [mediaType]: { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function operationsRoute(
  path: string,
  operationId: string,
  summary: string,
  success: Operation['success'],
): Pick<Route, 'method' | 'path' | 'operation'> {
  return {
    method: 'get',
    path,
    operation: { operationId, summary, tag: 'operations', success, problems: [] },
  };
}
