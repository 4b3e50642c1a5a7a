import type { Rule } from '../rule.ts';
import { adminRule, publicRoutesRule, serviceTypesRule } from './exposure.ts';
import { levelRule, namespaceRule, schemaRule, secretFreeRule } from './objects.ts';
import { configHashRule, disruptionRule, metricsRule, spreadRule } from './operation.ts';
import { defaultDenyRule, imagesRule, overlayPlanRule } from './overlays.ts';
import { analysisRule, gpuRule } from './parts.ts';
import { podSecurityRule, tokensRule } from './pod-security.ts';
import { portsRule } from './ports.ts';
import { probesRule } from './probes.ts';
import { referencesRule } from './references.ts';
import { scaleTargetsRule, selectorsRule } from './selectors.ts';
import {
  drainRule,
  embeddedLedgerRule,
  environmentRule,
  resourcesRule,
  sharedKeyRule,
  threadsRule,
} from './settings.ts';

/** Every rule, the schemas first: the others read what these have checked. */
export const rules: readonly Rule[] = [
  ...[schemaRule, namespaceRule, secretFreeRule, levelRule],
  ...[referencesRule, selectorsRule, scaleTargetsRule, portsRule],
  ...[podSecurityRule, tokensRule, resourcesRule, probesRule, drainRule, threadsRule],
  ...[environmentRule, sharedKeyRule, embeddedLedgerRule],
  ...[publicRoutesRule, adminRule, serviceTypesRule, defaultDenyRule],
  ...[disruptionRule, spreadRule, configHashRule, metricsRule],
  ...[gpuRule, analysisRule, imagesRule, overlayPlanRule],
];
