import type { Rule } from '../rule.ts';
import { admissionRule } from './admission.ts';
import { adminRule, publicRoutesRule, serviceTypesRule } from './exposure.ts';
import { levelRule, namespaceRule, schemaRule, secretFreeRule } from './objects.ts';
import { configHashRule, disruptionRule, metricsRule, spreadRule } from './operation.ts';
import { defaultDenyRule, imagesRule, overlayPlanRule } from './overlays.ts';
import { analysisRule, gpuRule } from './parts.ts';
import { policyPeersRule } from './peers.ts';
import { metricsPortRule } from './metrics-port.ts';
import { podSecurityRule, tokensRule } from './pod-security.ts';
import { portsRule } from './ports.ts';
import { probesRule } from './probes.ts';
import { referencesRule } from './references.ts';
import { resourcesRule } from './resources.ts';
import { scaleTargetsRule, selectorsRule } from './selectors.ts';
import {
  drainRule,
  embeddedLedgerRule,
  environmentRule,
  sharedKeyRule,
  threadsRule,
} from './settings.ts';
import { wiringRule } from './wiring.ts';

/** Every rule, the schemas first: the others read what these have checked. */
export const rules: readonly Rule[] = [
  ...[schemaRule, admissionRule, namespaceRule, secretFreeRule, levelRule],
  ...[referencesRule, selectorsRule, scaleTargetsRule, portsRule],
  ...[podSecurityRule, tokensRule, resourcesRule, probesRule, drainRule, threadsRule],
  ...[environmentRule, wiringRule, sharedKeyRule, embeddedLedgerRule],
  ...[
    publicRoutesRule,
    adminRule,
    serviceTypesRule,
    defaultDenyRule,
    policyPeersRule,
    metricsPortRule,
  ],
  ...[disruptionRule, spreadRule, configHashRule, metricsRule],
  ...[gpuRule, analysisRule, imagesRule, overlayPlanRule],
];
