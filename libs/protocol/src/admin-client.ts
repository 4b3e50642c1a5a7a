import {
  type ActRequest,
  type AdminActAnswer,
  type AdminActPage,
  type AdminKeyPage,
  type QuarantineRequest,
  parseAdminActAnswer,
  parseAdminActPage,
  parseAdminKeyPage,
} from './admin-messages.ts';
import { type ClientResult, normaliseBaseUrl, readResult } from './client-result.ts';
import { type JsonRequest, exchangeJson } from './json-exchange.ts';
import type { Parsed } from './problem.ts';

export interface AdminClientOptions {
  /** http or https, with or without a path or a trailing slash; no user, query or fragment. */
  readonly baseUrl: string;
  /** ADMIN_TOKEN; secret. */
  readonly token: string;
  /** For one whole exchange. */
  readonly timeoutMs: number;
}

/**
 * A verifier's admin API, typed. It sends once, follows no redirect (the token goes where it was meant to go), and resolves
 * to what was said; throws NetworkError when that was nothing usable.
 */
export class AdminClient {
  readonly #baseUrl: string;
  readonly #options: AdminClientOptions;

  /** @throws TypeError when `baseUrl` is not as {@link AdminClientOptions} says. */
  constructor(options: AdminClientOptions) {
    this.#baseUrl = normaliseBaseUrl(options.baseUrl);
    this.#options = options;
  }

  /** Ordered by key; `cursor` is the `next_cursor` of the page before. */
  listKeys(page: {
    readonly cursor?: string;
    readonly limit?: number;
  }): Promise<ClientResult<AdminKeyPage>> {
    return this.#exchange(
      { method: 'GET', path: `/admin/v1/keys${query(page)}` },
      parseAdminKeyPage,
    );
  }

  /** Newest first; `before` is the `next_before` of the page before. */
  listActs(page: {
    readonly before?: number;
    readonly limit?: number;
  }): Promise<ClientResult<AdminActPage>> {
    return this.#exchange(
      { method: 'GET', path: `/admin/v1/log${query(page)}` },
      parseAdminActPage,
    );
  }

  allow(publicKeyHex: string, request: ActRequest): Promise<ClientResult<AdminActAnswer>> {
    return this.#act(publicKeyHex, 'allow', request);
  }

  disallow(publicKeyHex: string, request: ActRequest): Promise<ClientResult<AdminActAnswer>> {
    return this.#act(publicKeyHex, 'disallow', request);
  }

  quarantine(
    publicKeyHex: string,
    request: QuarantineRequest,
  ): Promise<ClientResult<AdminActAnswer>> {
    return this.#act(publicKeyHex, 'quarantine', request);
  }

  release(publicKeyHex: string, request: ActRequest): Promise<ClientResult<AdminActAnswer>> {
    return this.#act(publicKeyHex, 'release', request);
  }

  #act(publicKeyHex: string, act: string, body: ActRequest): Promise<ClientResult<AdminActAnswer>> {
    const path = `/admin/v1/keys/${encodeURIComponent(publicKeyHex)}/${act}`;
    return this.#exchange({ method: 'POST', path, body }, parseAdminActAnswer);
  }

  async #exchange<T>(
    request: Pick<JsonRequest, 'method' | 'body'> & { readonly path: string },
    read: (value: unknown) => Parsed<T>,
  ): Promise<ClientResult<T>> {
    const { path, ...rest } = request;
    const { token, timeoutMs } = this.#options;
    const headers = { authorization: `Bearer ${token}` };
    const answer = await exchangeJson(
      { ...rest, headers, url: this.#baseUrl + path, timeoutMs },
      { fetch, now: Date.now },
    );
    return readResult(answer, read);
  }
}

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) given.set(name, String(value));
  }
  return given.size === 0 ? '' : `?${given}`;
}
