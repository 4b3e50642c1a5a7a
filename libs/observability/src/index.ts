export {
  ListenError,
  startHttpServer,
  type HttpServer,
  type HttpServerOptions,
} from './http-server.ts';
export {
  createLifecycle,
  exitCodes,
  type Lifecycle,
  type LifecycleDependencies,
  type LifecycleOptions,
} from './lifecycle.ts';
export {
  createLogger,
  logLevels,
  type Logger,
  type LoggerOptions,
  type LogFields,
  type LogLevel,
} from './logger.ts';
export { findMetricsProblems, type MetricsCheckOptions } from './metrics-check.ts';
export {
  createMetrics,
  metricNameProblem,
  type CounterMetric,
  type GaugeMetric,
  type HistogramMetric,
  type HistogramOptions,
  type LabelSets,
  type LabelValues,
  type MetricOptions,
  type Metrics,
  type MetricsOptions,
} from './metrics.ts';
export { renderMetricsMarkdown, type MetricsSection } from './metrics-markdown.ts';
export { createOpsRouter, type OpsRouterOptions } from './ops-router.ts';
export { sendProblem, type ProblemBody } from './problem-json.ts';
export { Readiness, type CheckState, type ReadinessReport } from './readiness.ts';
export { looksSecret, redact, REDACTED, type RedactOptions } from './redact.ts';
