export { hasDiskFaults, withDiskFault, type DiskFault } from './disk-fault.ts';
export { fcParameters } from './fast-check-parameters.ts';
export { findPostgres, postgresUnderTest, type PostgresBinaries } from './postgres-binaries.ts';
export { PostgresCluster, type ClusterOptions, type ServerTls } from './postgres-cluster.ts';
export { prometheusUnderTest, type PrometheusPrograms } from './prometheus-programs.ts';
export { protocolVectors, type ProtocolVector } from './protocol-vectors.ts';
export { seededBytes } from './seeded-bytes.ts';
