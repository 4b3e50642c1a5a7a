import { randomBytes, randomInt } from 'node:crypto';
import type { KeyPair } from '@tops/crypto';
import type { CpuKernel } from '@tops/kernel-cpu';
import type { LedgerStore } from '@tops/ledger';
import { createMetrics, Readiness, type Logger } from '@tops/observability';
import type { ComputeLeaves, JudgeDependencies } from '@tops/verification';
import type { RequestListener } from 'node:http';
import type { Registry } from 'prom-client';
import { AnchorFile } from './anchor-file.ts';
import { AnchorHook } from './anchor-hook.ts';
import type { AuditConfig } from './audit-config.ts';
import { Admission, type AdmissionOptions } from './http/admission.ts';
import { createMetricsApp } from './http/metrics-app.ts';
import { createAdminApp } from './admin/admin-app.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import { AllowList } from './allow-list.ts';
import { createApp } from './app.ts';
import { BoundedRateLimiter } from './bounded-rate-limiter.ts';
import { BundleService } from './bundle-service.ts';
import { ChallengeSigner } from './challenge-signer.ts';
import type { Clock } from './clock.ts';
import type { HttpConfig, ProtocolConfig } from './config.ts';
import { EpochClock } from './epoch-clock.ts';
import { EvidenceKeeper } from './evidence-keeper.ts';
import type { Follower } from './follower.ts';
import { HeadSigner } from './head-signer.ts';
import { InclusionService } from './inclusion-service.ts';
import { createVerifierMetrics, type VerifierMetrics } from './metrics.ts';
import { BATCH_ROWS_MAX, LeafBatcher } from './leaf-batcher.ts';
import { OpenChallenges } from './open-challenges.ts';
import { openApiRoute } from './openapi.ts';
import type { PendingWork } from './pending-work.ts';
import { ProofService } from './proof-service.ts';
import { RecentChallenges } from './recent-challenges.ts';
import { ReceiptService } from './receipt-service.ts';
import { Retention } from './retention.ts';
import { auditRoutes } from './routes/audit.ts';
import { epochRoutes } from './routes/epoch.ts';
import { epochsRoutes } from './routes/epochs.ts';
import { receiptRoutes } from './routes/receipts.ts';
import { verifyRoutes } from './routes/verify.ts';
import { workerRoutes } from './routes/workers.ts';
import { RowJudge } from './row-judge.ts';
import { SharedBudget } from './shared-budget.ts';

/** Addresses and keys counted on their own; more in one window share a bucket. */
const LIMITED_KEYS_MAX = 65_536;
const OPEN_CHALLENGES_MAX = 65_536;
/** Some 4 KB each. */
const RECENT_CHALLENGES_MAX = 8192;
/** Proofs of one receipt from one address that may fail to fold within the window. */
const MALFORMED_PROOFS = { points: 16, windowMs: 10_000, maxKeys: LIMITED_KEYS_MAX };
/** Over all receipts: parsing and folding one takes the event loop (4 ms without the native kernel), and ids are no secret. */
const MALFORMED_PROOFS_PER_ADDRESS = { ...MALFORMED_PROOFS, points: 256 };

/** Requests to the admin API of one address without its token. */
const ADMIN_FAILURES = { points: 10, windowMs: 10_000, maxKeys: 4096 };

const UNSIGNED_WARNING =
  'VERIFY_DISABLE=1: SIGNATURES ARE NOT CHECKED, ANYBODY CAN EARN IN ANY NAME';

/** Room for 256 of the longest bodies at once, 32 of them from one address: a thousand ordinary ones. */
const BODY_BYTES = { max: 64 * 1024 * 1024, maxPerAddress: 8 * 1024 * 1024 };
/**
 * Requests under way. A receipt is recorded within some ten milliseconds, so these are hundreds of times what is needed to
 * keep the disk busy; a backlog of proofs is so much recomputation that new receipts would only wait behind it.
 */
const IN_FLIGHT = {
  receipts: { max: 256, maxPerAddress: 192 },
  proofs: { max: 1024, maxPerAddress: 768 },
  proofBacklog: { max: 512, maxPerAddress: 128 },
};

export interface VerifierOptions {
  readonly protocol: ProtocolConfig;
  readonly audit?: AuditConfig;
  /** Requests under way, IN_FLIGHT when absent. */
  readonly inFlight?: AdmissionOptions;
  readonly http: Pick<
    HttpConfig,
    | 'trustProxyHops'
    | 'requestsPerSecondPerAddress'
    | 'dashboardDir'
    | 'metricsEnabled'
    | 'metricsPort'
  >;
  /** Absent: there is no admin API. */
  readonly admin?: { readonly token: string } | undefined;
}

/** What recomputes: without a batch it is asked item by item, without threads it has one, and what it cannot fold is folded in JavaScript. */
export type VerifierKernel = Pick<CpuKernel, 'computeLeaves'> &
  Partial<Pick<CpuKernel, 'computeLeavesBatch' | 'threadCount' | 'foldOpening'>>;

export interface VerifierDeps {
  readonly ledger: LedgerStore;
  readonly kernel: VerifierKernel;
  /** The reference twin, asked before anything is rejected. */
  readonly confirmLeaves: ComputeLeaves;
  readonly keyPair: KeyPair;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Verifier {
  readonly app: RequestListener;
  /** For ports of their own. */
  readonly adminApp: RequestListener | undefined;
  readonly metricsApp: RequestListener | undefined;
  readonly epochs: EpochClock;
  /** What follows on sealed epochs: anchors, retention. */
  readonly followers: readonly Follower[];
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
  const followers = createFollowers(options.audit ?? {}, { ...deps, metrics });
  const epochs = new EpochClock(
    {
      epochSeconds: limits.epoch_seconds,
      graceSeconds: limits.grace_seconds,
      challengeDeadlineMs: limits.challenge_deadline_ms,
    },
    {
      ...{ ledger, clock, logger, metrics, readiness, randomBytes, followers },
      headSigner: new HeadSigner({ keyPair: deps.keyPair }),
    },
  );
  const allowList = new AllowList(options.protocol.allowedKeys, { ledger, logger, metrics });
  const services = createServices(options.protocol, { ...deps, epochs, metrics, allowList });
  const routes = [
    ...epochRoutes({ limits, verifierKeyHex: services.signer.publicKeyHex }, { epochs }),
    ...receiptRoutes({ verifierKeyHex: services.signer.publicKeyHex }, { ...services, ledger }),
    ...workerRoutes({ limits }, { ledger }),
    ...epochsRoutes({ ledger }),
    ...auditRoutes({ ledger, inclusion: new InclusionService({ ledger }) }),
    ...verifyRoutes(services),
  ];
  const { requestsPerSecondPerAddress } = options.http;
  const shared = {
    ...{ metrics, logger, clock },
    addressLimiter: perSecond(requestsPerSecondPerAddress, clock),
    admission: new Admission(options.inFlight ?? IN_FLIGHT),
    bodyBudget: new SharedBudget(BODY_BYTES),
  };
  const { metricsEnabled, metricsPort } = options.http;
  const app = createApp(
    {
      ...{ ...options.http, bodyBytesMax: limits.body_bytes },
      metricsEnabled: metricsEnabled && metricsPort === undefined,
    },
    { ...shared, readiness, registry, routes: [...routes, openApiRoute(routes)] },
  );
  const adminApp =
    options.admin &&
    createAdminApp(options.admin, {
      ...shared,
      routes: adminRoutes({ ...shared, ledger, epochs, allowList, randomBytes }),
      failureLimiter: new BoundedRateLimiter(ADMIN_FAILURES, clock),
    });
  const metricsApp =
    metricsPort === undefined
      ? undefined
      : createMetricsApp({ readiness, metrics, registry: metricsEnabled ? registry : undefined });
  const start = async () => {
    // At error level: no LOG_LEVEL hides it.
    if (options.protocol.skipSignatures) logger.error(UNSIGNED_WARNING);
    // Before the first receipt: a key that is allowed must not be told otherwise.
    await allowList.refresh();
    await epochs.start(services.pendingWork);
  };
  return { app, adminApp, metricsApp, epochs, followers, readiness, metrics, registry, start };
}

function createFollowers(
  { anchorFile, anchorUrl, retention }: AuditConfig,
  deps: VerifierDeps & { readonly metrics: VerifierMetrics },
): Follower[] {
  return [
    ...(anchorFile === undefined ? [] : [new AnchorFile({ path: anchorFile }, deps)]),
    ...(anchorUrl === undefined ? [] : [new AnchorHook({ url: anchorUrl }, deps)]),
    ...(retention === undefined ? [] : [new Retention(retention, deps)]),
  ];
}

function createServices(
  config: ProtocolConfig,
  deps: VerifierDeps & {
    readonly epochs: EpochClock;
    readonly metrics: VerifierMetrics;
    readonly allowList: AllowList;
  },
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
  const recentChallenges = new RecentChallenges({ capacity: RECENT_CHALLENGES_MAX });
  const shared = { ledger, epochs, openChallenges, recentChallenges, clock, metrics, logger };
  const evidence = new EvidenceKeeper(config.evidence, { ledger, metrics, logger });
  const batcher = createBatcher(kernel);
  const proofJudging: JudgeDependencies = {
    ...judging,
    computeLeaves: (attempt, rows) => batcher.computeLeaves(attempt, rows),
  };
  const receipts = new ReceiptService(config, {
    ...{ ...shared, signer, randomBelow, allowList: deps.allowList },
    keyLimiter: perSecond(config.limits.receipts_per_second_per_key, clock),
  });
  const proofs = new ProofService(config, {
    ...{ ...shared, evidence },
    foldOpening: kernel.foldOpening,
    judge: new RowJudge(
      { concurrency: config.verifyConcurrency },
      { judging: proofJudging, metrics, logger },
    ),
    malformedLimiter: new BoundedRateLimiter(MALFORMED_PROOFS, clock),
    malformedAddressLimiter: new BoundedRateLimiter(MALFORMED_PROOFS_PER_ADDRESS, clock),
  });
  const pendingWork: PendingWork = {
    isBusy: (epochId) => receipts.isBusy(epochId),
    answersInFlight: () => proofs.answersInFlight(),
    onExpired: (nowMs) => {
      openChallenges.releaseEnded(nowMs);
      recentChallenges.forgetEnded(nowMs);
      void deps.allowList.refreshQuietly();
      // Nobody waits for it: what an epoch is made of does not depend on it.
      void evidence.tick(nowMs);
    },
  };
  const bundles = new BundleService(config, { judging, metrics });
  return { signer, receipts, proofs, bundles, pendingWork };
}

function createBatcher(kernel: VerifierKernel): LeafBatcher {
  return new LeafBatcher(
    { concurrency: kernel.threadCount ?? 1, rowsMax: BATCH_ROWS_MAX },
    {
      computeLeavesBatch: (items) =>
        kernel.computeLeavesBatch !== undefined
          ? kernel.computeLeavesBatch(items)
          : Promise.all(items.map(({ attempt, rows }) => kernel.computeLeaves(attempt, rows))),
    },
  );
}

function perSecond(points: number, clock: Clock): BoundedRateLimiter {
  return new BoundedRateLimiter({ points, windowMs: 1000, maxKeys: LIMITED_KEYS_MAX }, clock);
}
