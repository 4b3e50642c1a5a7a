import type { IncomingMessage } from 'node:http';
import type { BoundedRateLimiter } from '../bounded-rate-limiter.ts';
import type { Clock } from '../clock.ts';
import { refuse, refuseWith } from '../refusal.ts';
import type { SharedBudget } from '../shared-budget.ts';
import type { Admission } from './admission.ts';
import { readParameters } from './parameters.ts';
import { readJsonBody } from './read-body.ts';
import type { Reply, Route } from './route.ts';

export interface AnswerOptions {
  readonly bodyBytesMax: number;
}

export interface AnswerDeps {
  readonly addressLimiter: BoundedRateLimiter;
  readonly admission: Admission;
  /** Bytes of bodies in memory at the same time. */
  readonly bodyBudget: SharedBudget;
  readonly clock: Clock;
}

/** A request whose route is known. All of it but the address is attacker-controlled. */
export interface RoutedRequest {
  readonly request: IncomingMessage;
  readonly pathParameters: Readonly<Record<string, unknown>>;
  /** The query without its question mark. */
  readonly search: string;
  /** As limits count it. */
  readonly address: string;
}

/** What is answered when a class of requests has no place left: before the body is read, or before it is parsed. */
export const overloadedRefusal = refuseWith(
  'overloaded',
  'expected a free place for this request, got none',
  1000,
);

/** From parameters to reply. @returns undefined when the client left before its request was whole. */
export async function answerRoute(
  route: Route,
  routed: RoutedRequest,
  options: AnswerOptions,
  deps: AnswerDeps,
): Promise<Reply | undefined> {
  const { clock, addressLimiter, bodyBudget: budget } = deps;
  const { request, address } = routed;
  const parameters = readParameters(route, { path: routed.pathParameters, search: routed.search });
  if (!parameters.ok) return refuse(parameters.problem);
  const integer = (name: string): number | undefined => {
    const value = parameters.value.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const extraPoints = route.extraPoints?.(integer) ?? 0;
  const waitMs = extraPoints === 0 ? 0 : await addressLimiter.take(address, extraPoints);
  if (waitMs > 0) return refuseWith('rate_limited', 'expected fewer or smaller pages', waitMs);
  const body =
    route.method === 'post'
      ? await readJsonBody(request, { maxBytes: options.bodyBytesMax, address }, { clock, budget })
      : { kind: 'read' as const, bytes: new Uint8Array(), arrivedAtMs: clock.nowMs() };
  if (body.kind === 'gone') return undefined;
  if (body.kind === 'refused') return body;
  return admitted(route, address, deps.admission, () =>
    route.handle({
      text: (name) => parameters.value.get(name)?.toString(),
      integer,
      bytes: body.bytes,
      arrivedAtMs: body.arrivedAtMs,
      address,
    }),
  );
}

async function admitted(
  { requestClass }: Route,
  address: string,
  admission: Admission,
  handle: () => Promise<Reply> | Reply,
): Promise<Reply> {
  if (requestClass === undefined) return handle();
  if (!admission.enter(requestClass, address)) return overloadedRefusal;
  try {
    return await handle();
  } finally {
    admission.leave(requestClass, address);
  }
}
