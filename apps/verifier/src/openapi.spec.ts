import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { errorCodes } from '@tops/protocol';
import { TestVerifier } from '../test/test-verifier.ts';
import { routes } from './metrics.ts';

let test: TestVerifier;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- looked into freely
let document: any;

beforeAll(async () => {
  test = await TestVerifier.start();
  document = (await test.get('/openapi.json')).body;
});

afterAll(() => test.close());

const operations = () =>
  Object.entries(document.paths as Record<string, Record<string, never>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    // The control: the validator does find fault.
    const spoilt = { ...document, paths: { 'no-slash': {} } };
    expect((await new Validator().validate(spoilt)).valid).toBe(false);
  });

  it('describes the surface of docs/protocol.md and nothing else', () => {
    expect(
      operations()
        .map(({ path, method }) => `${method.toUpperCase()} ${path}`)
        .sort(),
    ).toEqual(
      [
        ...['GET /v1/epoch', 'POST /v1/receipts', 'POST /v1/receipts/{receipt_id}/proof'],
        ...['GET /v1/receipts/{receipt_id}', 'GET /v1/receipts/{receipt_id}/evidence'],
        ...['GET /v1/workers', 'GET /v1/workers/{did}'],
        ...['GET /v1/receipts/{receipt_id}/inclusion', 'GET /v1/epochs/{epoch_id}/receipts'],
        ...['GET /v1/epochs/{epoch_id}/credits'],
        ...['GET /v1/epochs', 'GET /v1/epochs/{epoch_id}', 'GET /v1/epochs/{epoch_id}/credits.csv'],
        ...['GET /v1/epochs/{epoch_id}/credits.json', 'POST /verify', 'GET /openapi.json'],
        ...['GET /health', 'GET /ready', 'GET /metrics', 'GET /'],
      ].sort(),
    );
    expect([...new Set(operations().map(({ path }) => path)), 'other'].sort()).toEqual(
      [...routes].sort(),
    );
  });

  it('describes routes that exist: none answers route_not_found or 405', async () => {
    for (const { path, method } of operations()) {
      const real = path
        .replace('{receipt_id}', '0'.repeat(64))
        .replace('{epoch_id}', '1')
        .replace('{did}', 'did:key:z1');
      const answer = await test.request(method.toUpperCase(), real);
      expect([path, answer.body?.code]).not.toEqual([path, 'route_not_found']);
      expect([path, answer.status]).not.toEqual([path, 405]);
    }
  });

  it('names codes of the closed list only, each under its status', () => {
    expect(document.components.schemas.ErrorCode.enum).toEqual(Object.keys(errorCodes));
    const listed = new Set<string>();
    for (const { operation } of operations()) {
      const responses = (operation as { responses: Record<string, never> }).responses;
      for (const [status, response] of Object.entries(responses)) {
        const content = (response as { content: Record<string, never> }).content;
        const problem = content['application/problem+json'] as
          { schema: { allOf: [object, { properties: { code: { enum: string[] } } }] } } | undefined;
        for (const code of problem?.schema.allOf[1].properties.code.enum ?? []) {
          listed.add(code);
          expect([code, String(errorCodes[code as keyof typeof errorCodes].status)]).toEqual([
            code,
            status,
          ]);
        }
      }
    }
    // Whatever is not listed under a route is answered where no route is, or by the admin API alone.
    const elsewhere = Object.keys(errorCodes).filter((code) => !listed.has(code));
    const adminCodes = ['unauthorized', 'act_without_effect', 'allow_list_full'];
    expect(elsewhere).toEqual(['route_not_found', ...adminCodes]);
  });
});
