import { randomBytes, randomInt } from 'node:crypto';
import type { KeyPair } from '@tops/crypto';
import type { Kernel } from '@tops/kernel-spec';
import type { LedgerStore } from '@tops/ledger';
import { createMetrics, Readiness, type Logger } from '@tops/observability';
import type { ComputeLeaves, JudgeDependencies } from '@tops/verification';
import type { Express } from 'express';
import type { Registry } from 'prom-client';
import { createApp } from './app.ts';
import { BoundedRateLimiter } from './bounded-rate-limiter.ts';
import { BundleService } from './bundle-service.ts';
import { ChallengeSigner } from './challenge-signer.ts';
import type { Clock } from './clock.ts';
import type { HttpConfig, ProtocolConfig } from './config.ts';
import { EpochClock, type PendingWork } from './epoch-clock.ts';
import { createVerifierMetrics, type VerifierMetrics } from './metrics.ts';
import { OpenChallenges } from './open-challenges.ts';
import { openApiRoute } from './openapi.ts';
import { ProofService } from './proof-service.ts';
import { ReceiptService } from './receipt-service.ts';
import { epochRoutes } from './routes/epoch.ts';
import { epochsRoutes } from './routes/epochs.ts';
import { receiptRoutes } from './routes/receipts.ts';
import { verifyRoutes } from './routes/verify.ts';
import { workerRoutes } from './routes/workers.ts';
import { RowJudge } from './row-judge.ts';

/** Addresses and keys counted on their own; more in one window share a bucket. */
const LIMITED_KEYS_MAX = 65_536;
const OPEN_CHALLENGES_MAX = 65_536;
/** Proofs of one receipt from one address that may fail to fold within the window. */
const MALFORMED_PROOFS = { points: 16, windowMs: 10_000, maxKeys: LIMITED_KEYS_MAX };
/** Over all receipts: folding one takes 4 ms of the event loop, and ids of recorded receipts are no secret. */
const MALFORMED_PROOFS_PER_ADDRESS = { ...MALFORMED_PROOFS, points: 256 };

const UNSIGNED_WARNING =
  'VERIFY_DISABLE=1: SIGNATURES ARE NOT CHECKED, ANYBODY CAN EARN IN ANY NAME';

export interface VerifierOptions {
  readonly protocol: ProtocolConfig;
  readonly http: Pick<
    HttpConfig,
    'trustProxyHops' | 'requestsPerSecondPerAddress' | 'dashboardDir' | 'metricsEnabled'
  >;
}

export interface VerifierDeps {
  readonly ledger: LedgerStore;
  readonly kernel: Pick<Kernel, 'computeLeaves'>;
  /** The reference twin, asked before anything is rejected. */
  readonly confirmLeaves: ComputeLeaves;
  readonly keyPair: KeyPair;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Verifier {
  readonly app: Express;
  readonly epochs: EpochClock;
  readonly readiness: Readiness;
  readonly metrics: VerifierMetrics;
  readonly registry: Registry;
  /** Opens the epoch and begins to tick. @throws EpochRegressionError */
  start(): Promise<void>;
}

/** Wires the services; opens nothing and listens nowhere. */
export function createVerifier(options: VerifierOptions, deps: VerifierDeps): Verifier {
  const { limits } = options.protocol;
  const { ledger, clock, logger } = deps;
  const builders = createMetrics({ prefix: 'tops_verifier_' });
  const { registry } = builders;
  const metrics = createVerifierMetrics(builders);
  const readiness = new Readiness(['epoch', 'ledger']);
  const epochs = new EpochClock(
    {
      epochSeconds: limits.epoch_seconds,
      graceSeconds: limits.grace_seconds,
      challengeDeadlineMs: limits.challenge_deadline_ms,
    },
    { ledger, clock, logger, metrics, readiness, randomBytes },
  );
  const services = createServices(options.protocol, { ...deps, epochs, metrics });
  const routes = [
    ...epochRoutes({ limits, verifierKeyHex: services.signer.publicKeyHex }, { epochs }),
    ...receiptRoutes({ ...services, ledger }),
    ...workerRoutes({ limits }, { ledger }),
    ...epochsRoutes({ ledger }),
    ...verifyRoutes(services),
  ];
  const { requestsPerSecondPerAddress } = options.http;
  const app = createApp(
    { ...options.http, bodyBytesMax: limits.body_bytes },
    {
      ...{ readiness, metrics, logger, clock, registry },
      routes: [...routes, openApiRoute(routes)],
      addressLimiter: perSecond(requestsPerSecondPerAddress, clock),
    },
  );
  const start = () => {
    // At error level: no LOG_LEVEL hides it.
    if (options.protocol.skipSignatures) logger.error(UNSIGNED_WARNING);
    return epochs.start(services.pendingWork);
  };
  return { app, epochs, readiness, metrics, registry, start };
}

function createServices(
  config: ProtocolConfig,
  deps: VerifierDeps & { readonly epochs: EpochClock; readonly metrics: VerifierMetrics },
) {
  const { ledger, clock, logger, epochs, metrics, kernel, confirmLeaves } = deps;
  const randomBelow = (max: number): number => randomInt(max);
  const judging: JudgeDependencies = {
    computeLeaves: (attempt, rows) => kernel.computeLeaves(attempt, rows),
    confirmLeaves,
    randomBelow,
  };
  const signer = new ChallengeSigner({ keyPair: deps.keyPair });
  const openChallenges = new OpenChallenges({
    maxPerAddress: config.maxOpenChallengesPerAddress,
    maxTotal: OPEN_CHALLENGES_MAX,
  });
  const shared = { ledger, epochs, openChallenges, clock, metrics, logger };
  const receipts = new ReceiptService(config, {
    ...{ ...shared, signer, randomBelow },
    keyLimiter: perSecond(config.limits.receipts_per_second_per_key, clock),
  });
  const proofs = new ProofService(config, {
    ...shared,
    judge: new RowJudge({ concurrency: config.verifyConcurrency }, { judging, metrics, logger }),
    malformedLimiter: new BoundedRateLimiter(MALFORMED_PROOFS, clock),
    malformedAddressLimiter: new BoundedRateLimiter(MALFORMED_PROOFS_PER_ADDRESS, clock),
  });
  const pendingWork: PendingWork = {
    isBusy: (epochId) => receipts.isBusy(epochId),
    answersInFlight: () => proofs.answersInFlight(),
    onExpired: (nowMs) => {
      openChallenges.releaseEnded(nowMs);
    },
  };
  const bundles = new BundleService(config, { judging, metrics });
  return { signer, receipts, proofs, bundles, pendingWork };
}

function perSecond(points: number, clock: Clock): BoundedRateLimiter {
  return new BoundedRateLimiter({ points, windowMs: 1000, maxKeys: LIMITED_KEYS_MAX }, clock);
}
