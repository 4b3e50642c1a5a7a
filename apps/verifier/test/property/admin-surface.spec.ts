import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorCodes } from '@tops/protocol';
import { fcParameters } from '@tops/testing';
import fc from 'fast-check';
import { adminToken, askAdmin, who } from '../admin-requests.ts';
import { TestVerifier, type Answer } from '../test-verifier.ts';

const key = '22'.repeat(32);
let test: TestVerifier;
let actCount = 0;

beforeAll(async () => {
  test = await TestVerifier.start({ admin: { token: adminToken } });
});

// One line in the log for each request that was answered 200, and no fault of the verifier.
afterAll(async () => {
  expect(await test.ledger.listActs({ limit: 10_000 })).toHaveLength(actCount);
  expect(test.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(test.logLines.join('')).not.toContain(adminToken);
  await test.close();
});

function expectAnswered(answer: Answer): void {
  if (answer.status === 200) {
    actCount++;
    return;
  }
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(Object.keys(errorCodes)).toContain(answer.body.code);
}

describe('the admin API answers, and records what it says it did', () => {
  it('to any body', async () => {
    const good = { ...who, epochs: 5 };
    const bodies = fc.oneof(
      fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }),
      fc.record(
        {
          actor: fc.oneof(fc.constant('Ada'), fc.jsonValue({ maxDepth: 1 })),
          reason: fc.oneof(fc.constant('x'), fc.string({ unit: 'binary', maxLength: 600 })),
          epochs: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.double(), fc.jsonValue()),
          until_epoch: fc.oneof(fc.maxSafeNat(), fc.jsonValue({ maxDepth: 1 })),
        },
        { requiredKeys: ['actor', 'reason'] },
      ),
      fc.constant(good),
    );
    await fc.assert(
      fc.asyncProperty(
        bodies,
        fc.constantFrom('allow', 'disallow', 'quarantine', 'release'),
        async (body, act) => {
          const text = JSON.stringify(body);
          const path = `/admin/v1/keys/${key}/${act}`;
          expectAnswered(await askAdmin(test, 'POST', path, { body: text }));
        },
      ),
      fcParameters(200),
    );
  });

  it('to any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (body) => {
        expectAnswered(await askAdmin(test, 'POST', `/admin/v1/keys/${key}/release`, { body }));
      }),
      fcParameters(60),
    );
  });

  it('to any path and query', async () => {
    const unit = fc.constantFrom(...'/%?&=.0a2Af', 'keys', 'log', 'admin', 'cursor', 'limit');
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { maxLength: 12 }), async (parts) => {
        const answer = await askAdmin(test, 'GET', `/admin/v1/${parts.join('')}`);
        if (answer.status !== 200) expectAnswered(answer);
      }),
      fcParameters(100),
    );
  });
});
