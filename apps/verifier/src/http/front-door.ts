import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { addressKey } from '../address-key.ts';
import type { RouteLabel, VerifierMetrics } from '../metrics.ts';
import { refuseWith, type Refusal } from '../refusal.ts';
import { answerRoute, overloadedRefusal, type AnswerDeps } from './answer-route.ts';
import { clientAddress } from './client-address.ts';
import type { RequestClass } from './admission.ts';
import type { Reply, Route } from './route.ts';
import { refusalText, sendReply, type FlatHeaders } from './send-reply.ts';

export interface FrontDoorOptions {
  readonly bodyBytesMax: number;
  readonly trustProxyHops: number;
  readonly requestsPerSecondPerAddress: number;
  /** Set on every answer, as the app sets them. */
  readonly securityHeaders: FlatHeaders;
}

export interface FrontDoorDeps extends AnswerDeps {
  /** Everything that has no class of its own. */
  readonly app: RequestListener;
  readonly metrics: VerifierMetrics;
  /** Counts an answer once it is sent. */
  readonly observe: (response: ServerResponse, routeOf: () => string) => void;
  readonly refusalOf: (error: unknown) => Refusal;
}

interface ShortWay {
  readonly route: Route;
  readonly requestClass: RequestClass;
  readonly pattern: RegExp;
}

interface Hit extends ShortWay {
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The way in for every request. Routes with a class, which are those that come by the thousand, are answered from here
 * without the router; and when their class is full they are turned away before a byte of the body was looked at, for about
 * what reading their headers cost. Whatever does not match to the letter is the app's, so that refusals are the same as ever.
 */
export function createFrontDoor(
  routes: readonly Route[],
  options: FrontDoorOptions,
  deps: FrontDoorDeps,
): RequestListener {
  const ways = routes.flatMap(shortWayOf);
  const turnAway = createTurnAway(options.securityHeaders, deps);
  return (request, response) => {
    const hit = request.method === 'POST' ? findWay(ways, request.url ?? '') : undefined;
    if (hit === undefined) {
      deps.app(request, response);
      return;
    }
    const address = addressKey(clientAddress(request, options.trustProxyHops));
    if (deps.admission.hasRoom(hit.requestClass, address)) {
      void serve(hit, { request, response, address }, options, deps);
    } else {
      turnAway(response, hit.route);
    }
  };
}

/** The answer to a request without a place: made once, because under overload it is what most of them get. */
function createTurnAway(
  securityHeaders: FlatHeaders,
  { metrics }: Pick<FrontDoorDeps, 'metrics'>,
): (response: ServerResponse, route: Route) => void {
  const { status, headers, text } = refusalText(overloadedRefusal);
  const body = Buffer.from(text);
  const allHeaders = [...securityHeaders, ...headers];
  const counted = { status: String(status) as '503' };
  const { code } = overloadedRefusal.problem;
  return (response, route) => {
    metrics.problems.inc({ code });
    metrics.requests.inc(counted);
    // Nothing was waited for: what took time was to get here.
    metrics.requestSeconds.observe(0, { route: route.path as RouteLabel });
    response.writeHead(status, allHeaders);
    response.end(body);
  };
}

function shortWayOf(route: Route): ShortWay[] {
  const { requestClass } = route;
  if (requestClass === undefined) return [];
  const parameters = route.operation.parameters ?? [];
  const pattern = route.path.replace(/\{([a-z_]+)\}/g, (_text, name: string) => {
    const schema = parameters.find((parameter) => parameter.name === name)?.schema;
    if (schema?.type !== 'string') throw new TypeError(`${route.path}: expected text for ${name}`);
    return `(?<${name}>${schema.pattern.replace(/^\^|\$$/g, '')})`;
  });
  return [{ route, requestClass, pattern: new RegExp(`^${pattern}$`) }];
}

function findWay(ways: readonly ShortWay[], url: string): Hit | undefined {
  for (const way of ways) {
    const found = way.pattern.exec(url);
    if (found !== null) return { ...way, pathParameters: { ...found.groups } };
  }
  return undefined;
}

interface Received {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: string;
}

async function serve(
  hit: Hit,
  received: Received,
  options: FrontDoorOptions,
  deps: FrontDoorDeps,
): Promise<void> {
  const { response } = received;
  deps.observe(response, () => hit.route.path);
  const reply = await replyTo(hit, received, options, deps);
  if (reply !== undefined) {
    await sendReply(response, reply, deps.metrics, options.securityHeaders);
  }
}

async function replyTo(
  { route, pathParameters }: Hit,
  received: Received,
  options: FrontDoorOptions,
  deps: FrontDoorDeps,
): Promise<Reply | undefined> {
  const { request, response, address } = received;
  try {
    const waitMs = await deps.addressLimiter.take(address);
    if (waitMs > 0) return rateLimited(options.requestsPerSecondPerAddress, waitMs);
    if (isMissingHost(request)) {
      response.setHeader('Connection', 'close');
      return missingHostRefusal;
    }
    return await answerRoute(
      route,
      { request, pathParameters, search: '', address },
      options,
      deps,
    );
  } catch (error) {
    return deps.refusalOf(error);
  }
}

/** RFC 9112 §3.2: HTTP/1.1 without Host is 400. Node's own answer to it would be no problem document. */
export function isMissingHost(request: IncomingMessage): boolean {
  return request.headers.host === undefined && request.httpVersion === '1.1';
}

export const missingHostRefusal = refuseWith(
  'request_malformed',
  'expected a Host header, got none',
);

export function rateLimited(requestsPerSecond: number, waitMs: number): Refusal {
  const detail = `expected at most ${requestsPerSecond} requests a second of one address`;
  return refuseWith('rate_limited', detail, waitMs);
}
