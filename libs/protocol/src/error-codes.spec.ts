import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { errorCodes, errorStatus, problemDocument, renderErrorsMarkdown } from './index.ts';

const errorsPage = new URL('../../../docs/errors.md', import.meta.url);

describe('the list of error codes', () => {
  it('equals docs/errors.md', () => {
    expect(readFileSync(errorsPage, 'utf8')).toBe(renderErrorsMarkdown());
  });

  it('gives each code a status, a title and a meaning that say something', () => {
    for (const [code, { status, title, meaning }] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/);
      expect(status).toBe(errorStatus[code as keyof typeof errorStatus]);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
      expect(title).toMatch(/^[A-Z].{5,60}[^.]$/);
      expect(meaning).toMatch(/^.{30,}\.$/);
    }
    const titles = Object.values(errorCodes).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('keeps server errors for faults of the server', () => {
    const serverErrors = Object.entries(errorStatus).filter(([, status]) => status >= 500);
    expect(serverErrors.map(([code]) => code)).toEqual([
      'overloaded',
      'not_ready',
      'internal_error',
    ]);
  });

  it('has the statuses docs/protocol.md fixes', () => {
    expect(errorStatus).toMatchObject({
      nonce_already_used: 409,
      proof_malformed: 422,
      row_mismatch: 422,
      deadline_passed: 410,
      rate_limited: 429,
      route_not_found: 404,
      method_not_allowed: 405,
      content_type_unsupported: 415,
      body_too_large: 413,
    });
  });
});

describe('renderErrorsMarkdown', () => {
  it('takes another status map', () => {
    const page = renderErrorsMarkdown({ ...errorStatus, row_mismatch: 499 });
    expect(page).toContain('## `row_mismatch`\n\n**499** ');
    expect(page).not.toBe(renderErrorsMarkdown());
  });
});

describe('problemDocument', () => {
  it('holds the problem and nothing else', () => {
    expect(
      problemDocument({ code: 'integer_malformed', detail: 'expected x, got y', field: 'nonce' }),
    ).toEqual({
      type: 'urn:tops-worker:error:integer_malformed',
      title: 'Malformed integer',
      status: 400,
      detail: 'expected x, got y',
      code: 'integer_malformed',
      field: 'nonce',
    });
  });

  it('says "rejected" for a row that differs, as docs/protocol.md has it', () => {
    expect(problemDocument({ code: 'row_mismatch', detail: 'd', row: 0 })).toMatchObject({
      status: 'rejected',
      code: 'row_mismatch',
      row: 0,
    });
  });
});
