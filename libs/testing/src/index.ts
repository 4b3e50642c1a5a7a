export { fcParameters } from './fast-check-parameters.ts';
export { protocolVectors, type ProtocolVector } from './protocol-vectors.ts';
export { seededBytes } from './seeded-bytes.ts';
