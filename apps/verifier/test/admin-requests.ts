import type { Answer, TestVerifier } from './test-verifier.ts';

/** Of 32 characters, the fewest there may be. */
export const adminToken = 'correct-horse-battery-staple-011';

/** One request to the admin API of a verifier, with its token unless the headers say otherwise. */
export async function askAdmin(
  test: TestVerifier,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  init: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body } = init;
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const response = await fetch(test.adminUrl + path, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${adminToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

export const who = { actor: 'Ada', reason: 'asked for in ticket 7' };
