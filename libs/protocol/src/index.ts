export { AdminClient, type AdminClientOptions } from './admin-client.ts';
export {
  type ActRequest,
  type AdminAct,
  type AdminActAnswer,
  type AdminActPage,
  type AdminKey,
  type AdminKeyPage,
  type AllowedBy,
  type QuarantineRequest,
  actorField,
  parseActRequest,
  parseAdminActAnswer,
  parseAdminActPage,
  parseAdminKeyPage,
  parseQuarantineRequest,
} from './admin-messages.ts';
export { type Bundle, type BundleMessage, encodeBundle, parseBundle } from './bundle.ts';
export {
  type Challenge,
  challengeSignedBytes,
  parseChallenge,
  verifyChallenge,
} from './challenge.ts';
export type { ClientResult, ResponseProblem } from './client-result.ts';
export { type EpochInfo, parseEpochInfo } from './epoch-info.ts';
export { type ErrorCode, errorCodes, errorStatus } from './error-codes.ts';
export {
  encodeEvidence,
  type Evidence,
  type EvidenceMessage,
  isEvidenceMessage,
  parseEvidence,
} from './evidence.ts';
export { renderErrorsMarkdown } from './errors-markdown.ts';
export { FieldReader, isJsonObject } from './fields.ts';
export { jcs, jcsBytes } from './jcs.ts';
export { type Limits, defaultLimits, shapeLimitsProblem } from './limits.ts';
export { NetworkError, type NetworkErrorCode } from './network-error.ts';
export {
  type Parsed,
  type Problem,
  type ProblemDocument,
  problemDocument,
  quoteUntrusted,
} from './problem.ts';
export { type ProofHashes, type ProofMessage, encodeProof, parseProof } from './proof.ts';
export {
  type ParsedReceipt,
  type Receipt,
  type UnsignedReceipt,
  parseReceipt,
  receiptIdOf,
  receiptSignedBytes,
  signReceipt,
} from './receipt.ts';
export {
  type AcceptedResponse,
  type VerifiedResponse,
  parseAcceptedResponse,
  parseVerifiedResponse,
} from './responses.ts';
export { maxChallengeRows, rowsProblem } from './rows.ts';
export { OPS_UNIT, type Shape, opsToUnits, shapeOps, shapeProblem, unitsToOps } from './shape.ts';
export { JsonNumber, parseJson } from './strict-json.ts';
export { VerifierClient, type VerifierClientOptions } from './verifier-client.ts';
export { KERNEL_VERSION } from './versions.ts';
export {
  type WorkerInfo,
  type WorkerPage,
  parseWorkerInfo,
  parseWorkerPage,
} from './worker-info.ts';
