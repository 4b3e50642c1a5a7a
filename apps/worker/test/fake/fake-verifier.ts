import { createPrivateKey, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  bytesToHex,
  foldMultiproof,
  generateSeed,
  keyPairFromSeed,
  verifyStrict,
  workTreeHasher,
} from '@tops/crypto';
import {
  challengeSignedBytes,
  defaultLimits,
  errorStatus,
  KERNEL_VERSION,
  parseJson,
  parseProof,
  parseReceipt,
  shapeOps,
  type Challenge,
  type ErrorCode,
  type Limits,
  type ParsedReceipt,
} from '@tops/protocol';

/** A scripted answer; `drop` cuts the connection instead, `delayMs` waits first. */
export interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  /** Sent instead of a JSON body. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  readonly drop?: boolean;
}

export type Route = 'epoch' | 'receipt' | 'proof' | 'worker';

interface Recorded {
  readonly parsed: ParsedReceipt;
  readonly challenge: Challenge;
  outcome: 'open' | 'accepted';
}

export function problemReply(code: ErrorCode, extra: Partial<Reply> = {}): Reply {
  const status = errorStatus[code];
  return {
    status,
    body: { type: 'about:blank', title: code, status, detail: code, code },
    ...extra,
  };
}

/**
 * A verifier over real HTTP that keeps the protocol's rules except for recomputing rows, unless a script says otherwise:
 * `script` sees each request first and may answer in its place.
 */
export class FakeVerifier {
  readonly receipts = new Map<string, Recorded>();
  readonly requestCounts: Record<Route, number> = { epoch: 0, receipt: 0, proof: 0, worker: 0 };
  /** Receipts taken whose proof has not been accepted yet, at most. */
  maxOpen = 0;
  readonly nonces: number[] = [];
  keyPair = keyPairFromSeed(generateSeed());
  /** Signs the challenges; another one than `keyPair` is an impostor's. */
  challengeKeyPair = this.keyPair;
  kernelVersion: string = KERNEL_VERSION;
  limits: Limits = { ...defaultLimits, min_rows: 64 };
  epochId = 1000;
  prevHashHex = bytesToHex(generateSeed());
  opensAt = Date.now() - 1000;
  closesAt = Date.now() + 600_000;
  verifiedTops = 0.125;
  script: (route: Route, request: IncomingMessage) => Reply | undefined = () => undefined;
  /** Changes an honest challenge before it is signed. */
  tamper: (challenge: Omit<Challenge, 'challenge_sig_hex'>) => typeof challenge = (same) => same;
  /** Looks at rows beyond the fold; false means row_mismatch. */
  judge: (recorded: Recorded, leaves: Uint8Array) => Promise<boolean> = async () => true;
  #server: Server | undefined;
  #port = 0;

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get acceptedCount(): number {
    return [...this.receipts.values()].filter(({ outcome }) => outcome === 'accepted').length;
  }

  /** Listens; a second start after `stop` takes the same port. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  nextEpoch(durationMs = 600_000): void {
    this.epochId++;
    this.prevHashHex = bytesToHex(generateSeed());
    this.opensAt = Date.now();
    this.closesAt = Date.now() + durationMs;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const proofOf = /^\/v1\/receipts\/([0-9a-f]{64})\/proof$/.exec(path)?.[1];
    const route: Route = path.startsWith('/v1/workers/')
      ? 'worker'
      : proofOf !== undefined
        ? 'proof'
        : path === '/v1/receipts'
          ? 'receipt'
          : 'epoch';
    this.requestCounts[route]++;
    const body = await readBody(request);
    if (route === 'receipt') this.#noteNonce(body);
    const scripted = this.script(route, request);
    const reply = scripted ?? (await this.#answer(route, body, proofOf));
    if (reply.delayMs !== undefined) await new Promise((done) => setTimeout(done, reply.delayMs));
    if (reply.drop === true) {
      request.socket.destroy();
      return;
    }
    const { status = 200, headers = {}, text, body: json } = reply;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(text ?? JSON.stringify(json));
  }

  async #answer(route: Route, body: Uint8Array, proofOf: string | undefined): Promise<Reply> {
    if (route === 'epoch') return { body: this.#epochInfo() };
    if (route === 'worker') return { body: this.#workerInfo() };
    const json = parseJson(body);
    if (!json.ok) return problemReply(json.problem.code);
    if (proofOf === undefined) return this.#takeReceipt(json.value);
    return await this.#takeProof(proofOf, json.value);
  }

  #epochInfo() {
    return {
      epoch_id: this.epochId,
      prev_hash_hex: this.prevHashHex,
      opens_at: this.opensAt,
      closes_at: this.closesAt,
      kernel_ver: this.kernelVersion,
      verifier_key_hex: bytesToHex(this.keyPair.publicKey),
      limits: this.limits,
    };
  }

  #workerInfo() {
    return {
      did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
      public_key_hex: '00'.repeat(32),
      label: null,
      credited_ops: '0',
      verified_tops: this.verifiedTops,
      accepted: this.acceptedCount,
      rejected: 0,
      missed: 0,
      audit_rows: 8,
      state: 'active',
      last_seen_at: 0,
    };
  }

  #noteNonce(body: Uint8Array): void {
    const json = parseJson(body);
    const parsed = json.ok ? parseReceipt(json.value) : json;
    if (parsed.ok) this.nonces.push(parsed.value.receipt.nonce);
  }

  #takeReceipt(value: unknown): Reply {
    const result = parseReceipt(value);
    if (!result.ok) return problemReply(result.problem.code);
    const parsed = result.value;
    const known = this.receipts.get(parsed.receiptId);
    if (known !== undefined) return { status: 200, body: known.challenge };
    const verdict = verifyStrict({
      publicKey: parsed.publicKey,
      message: parsed.signedBytes,
      signature: parsed.signature,
    });
    if (verdict !== 'valid') return problemReply('signature_invalid');
    if (parsed.receipt.epoch_id !== this.epochId) return problemReply('epoch_closed');
    if (parsed.receipt.prev_hash_hex !== this.prevHashHex) {
      return problemReply('prev_hash_mismatch');
    }
    const { m } = parsed.receipt.sizes;
    if (m < this.limits.min_rows) return problemReply('shape_below_min_rows');
    const unsigned = this.tamper({
      receipt_id: parsed.receiptId,
      rows: [0, 1, Math.floor(m / 2), m - 1],
      deadline_at: Date.now() + this.limits.challenge_deadline_ms,
    });
    const challenge = { ...unsigned, challenge_sig_hex: this.#signChallenge(unsigned) };
    this.receipts.set(parsed.receiptId, { parsed, challenge, outcome: 'open' });
    const open = [...this.receipts.values()].filter(({ outcome }) => outcome === 'open').length;
    this.maxOpen = Math.max(this.maxOpen, open);
    return { status: 201, body: challenge };
  }

  #signChallenge(unsigned: Omit<Challenge, 'challenge_sig_hex'>): string {
    // RFC 8410 §7: the PKCS#8 wrapping of an Ed25519 seed. node:crypto signs a hundred times faster than tweetnacl.
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const der = Buffer.concat([prefix, this.challengeKeyPair.seed]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return bytesToHex(sign(null, challengeSignedBytes(unsigned), key));
  }

  async #takeProof(receiptId: string, value: unknown): Promise<Reply> {
    const recorded = this.receipts.get(receiptId);
    if (recorded === undefined) return problemReply('receipt_not_found');
    const proof = parseProof(value);
    if (!proof.ok) return problemReply(proof.problem.code);
    const { leaves, siblings } = proof.value;
    const { parsed, challenge } = recorded;
    const { sizes } = parsed.receipt;
    const root = foldMultiproof(
      { leafCount: sizes.m, rows: challenge.rows, leaves, siblings },
      workTreeHasher,
    );
    if (root === undefined || bytesToHex(root) !== parsed.receipt.work_root_hex) {
      return problemReply('proof_malformed');
    }
    if (!(await this.judge(recorded, leaves))) return problemReply('row_mismatch');
    recorded.outcome = 'accepted';
    return { body: { status: 'accepted', credited_ops: String(shapeOps(sizes)) } };
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Uint8Array.from(Buffer.concat(parts));
}
