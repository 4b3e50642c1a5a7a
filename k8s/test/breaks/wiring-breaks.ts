import { VERIFIER, type Break } from './break.ts';
import { containerOf, type Loose } from '../rendered.ts';

export const wiringBreaks: readonly Break[] = [
  {
    rule: 'wiring',
    what: 'a verifier that is no Service',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.data.AGGREGATOR_URL = 'http://tops-verifer:8081';
    },
  },
  {
    rule: 'wiring',
    what: 'a verifier of another namespace',
    in: 'staging',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.data.AGGREGATOR_URL = 'http://tops-verifier.tops-worker:8081';
    },
  },
  {
    rule: 'wiring',
    what: 'a port that the Service does not have',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.data.AGGREGATOR_URL = 'http://tops-verifier:8080';
    },
  },
  {
    rule: 'wiring',
    what: 'the worker for a verifier',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.data.AGGREGATOR_URL = 'http://tops-worker-service:8082';
    },
  },
  {
    rule: 'wiring',
    what: 'a data directory on the read-only root',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.data.DATA_DIR = '/var/lib/tops';
    },
  },
  {
    rule: 'wiring',
    what: 'an authority that is not mounted',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      const container = containerOf(object);
      container.volumeMounts = container.volumeMounts.filter(
        ({ name }: Loose) => name !== 'database-ca',
      );
    },
  },
  {
    rule: 'wiring',
    what: 'an Ingress whose address every client has',
    in: 'production',
    target: 'ConfigMap tops-verifier-config',
    change: (object) => {
      object.data.TRUST_PROXY = '0';
    },
  },
  {
    rule: 'embedded-ledger',
    what: 'a ledger in /tmp',
    in: 'staging',
    target: 'ConfigMap tops-verifier-config',
    change: (object) => {
      object.data.DATA_DIR = '/tmp/ledger';
    },
  },
  {
    rule: 'secret-free',
    what: 'a token among the settings',
    in: 'staging',
    target: 'ConfigMap tops-verifier-config',
    change: (object) => {
      object.data.ADMIN_TOKEN = 'x'.repeat(32);
    },
  },
  {
    rule: 'secret-free',
    what: 'an address with its password',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      const variable = containerOf(object).env.find(({ name }: Loose) => name === 'DATABASE_URL');
      delete variable.valueFrom;
      variable.value = 'postgres://tops:example@tops-ledger-rw:5432/tops';
    },
  },
  {
    rule: 'public-routes',
    what: 'paths that are rewritten',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/rewrite-target'] = '/metrics';
    },
  },
  {
    rule: 'public-routes',
    what: 'paths that are patterns',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/use-regex'] = 'true';
    },
  },
  {
    rule: 'public-routes',
    what: 'code for the controller',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/server-snippet'] =
        'location /metrics {}';
    },
  },
  {
    rule: 'public-routes',
    what: 'bodies of any size',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/proxy-body-size'] = '0';
    },
  },
  {
    rule: 'public-routes',
    what: 'bodies that the verifier refuses',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/proxy-body-size'] = '1m';
    },
  },
  {
    rule: 'public-routes',
    what: 'any number of requests',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/limit-rps'] = '0';
    },
  },
  {
    rule: 'public-routes',
    what: 'requests in the clear',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.metadata.annotations['nginx.ingress.kubernetes.io/ssl-redirect'] = 'false';
    },
  },
  {
    rule: 'public-routes',
    what: 'annotations of another controller',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.spec.ingressClassName = 'traefik';
    },
  },
  {
    rule: 'public-routes',
    what: 'the worker behind a path',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: (object) => {
      object.spec.rules[0].http.paths[3].backend.service.name = 'tops-worker-service';
    },
  },
  {
    rule: 'selectors',
    what: 'a Service of both apps',
    in: 'production',
    target: 'Service tops-worker-service',
    change: (object) => {
      object.spec.selector = { 'app.kubernetes.io/part-of': 'tops-worker' };
    },
  },
  {
    rule: 'scale-targets',
    what: 'an autoscaler of another API',
    in: 'production',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: (object) => {
      object.spec.scaleTargetRef.apiVersion = 'apps/v1';
    },
  },
  {
    rule: 'scale-targets',
    what: 'two autoscalers of one Rollout',
    in: 'production',
    target: 'HorizontalPodAutoscaler tops-verifier',
    change: (object, objects) => {
      const second = structuredClone(object);
      second.metadata.name = 'tops-verifier-again';
      objects.push(second);
    },
  },
  {
    rule: 'default-deny',
    what: 'an empty list of egress, which denies nothing',
    in: 'production',
    target: 'NetworkPolicy default-deny',
    change: (object) => {
      delete object.spec.policyTypes;
      object.spec.egress = [];
    },
  },
  {
    rule: 'policy-peers',
    what: 'a policy of no pod',
    in: 'production',
    target: 'NetworkPolicy tops-worker',
    change: (object) => {
      object.spec.podSelector = { matchLabels: { app: 'tops-worker' } };
    },
  },
  {
    rule: 'policy-peers',
    what: 'a namespace that is misspelt',
    in: 'production',
    target: 'NetworkPolicy tops-worker',
    change: (object) => {
      object.spec.ingress[0].from[0].namespaceSelector.matchLabels = {
        'kubernetes.io/metadata.name': 'monitorng',
      };
    },
  },
  {
    rule: 'policy-peers',
    what: 'a peer that says nothing',
    in: 'production',
    target: 'NetworkPolicy tops-worker',
    change: (object) => {
      object.spec.egress.push({ to: [{}] });
    },
  },
  {
    rule: 'policy-peers',
    what: 'a port that nobody has',
    in: 'production',
    target: 'NetworkPolicy tops-worker',
    change: (object) => {
      object.spec.ingress[0].ports = [{ port: 'https' }];
    },
  },
  {
    rule: 'policy-peers',
    what: 'a block without its length',
    in: 'production',
    target: 'NetworkPolicy tops-worker',
    change: (object) => {
      object.spec.egress.push({ to: [{ ipBlock: { cidr: '192.0.2.1' } }] });
    },
  },
];
