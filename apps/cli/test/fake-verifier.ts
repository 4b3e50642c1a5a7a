import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultLimits, KERNEL_VERSION } from '@tops/protocol';

export const fakeEpoch = {
  epoch_id: 29_000_000,
  prev_hash_hex: 'ab'.repeat(32),
  opens_at: 1_740_000_000_000,
  closes_at: 1_740_000_060_000,
  kernel_ver: KERNEL_VERSION as string,
  verifier_key_hex: 'cd'.repeat(32),
  limits: defaultLimits,
};

export const fakeWorker = {
  did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  public_key_hex: 'ef'.repeat(32),
  label: 'rack-1',
  credited_ops: '9223372036854775808000',
  verified_tops: 0.1234,
  accepted: 12,
  rejected: 1,
  missed: 2,
  audit_rows: 64,
  state: 'active',
  last_seen_at: 1_740_000_000_500,
};

export interface FakeVerifier {
  readonly url: string;
  close(): Promise<void>;
}

/** A server that answers the paths `status` and `doctor` ask for; a path without an answer is a 404 without a code. */
export async function startFakeVerifier(
  answers: Readonly<Record<string, { readonly status?: number; readonly body: unknown }>>,
): Promise<FakeVerifier> {
  const server = createServer((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''] ?? { status: 404, body: {} };
    response.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
