import { VERIFIER, WORKER, type Break } from './break.ts';
import { containerOf, remove, type Loose } from '../rendered.ts';

export const exposureBreaks: readonly Break[] = [
  {
    rule: 'public-routes',
    what: 'metrics on the Ingress',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      const [first] = spec.rules[0].http.paths;
      spec.rules[0].http.paths.push({ ...first, path: '/metrics', pathType: 'Exact' });
    },
  },
  {
    rule: 'public-routes',
    what: 'everything on the Ingress',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      const [first] = spec.rules[0].http.paths;
      spec.rules[0].http.paths.push({ ...first, path: '/', pathType: 'Prefix' });
    },
  },
  {
    rule: 'public-routes',
    what: 'a public route that is not routed',
    in: 'staging',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      const { http } = spec.rules[0];
      http.paths = http.paths.filter(({ path }: Loose) => path !== '/verify');
    },
  },
  {
    rule: 'public-routes',
    what: 'a host without TLS',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: ({ spec }) => {
      spec.tls[0].hosts = ['other.example.com'];
    },
  },
  {
    rule: 'public-routes',
    what: 'no limit of a body',
    in: 'production',
    target: 'Ingress tops-verifier',
    change: ({ metadata }) => {
      delete metadata.annotations['nginx.ingress.kubernetes.io/proxy-body-size'];
    },
  },
  {
    rule: 'admin-port',
    what: 'an admin API that other machines reach',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).env.push(
        { name: 'ADMIN_PORT', value: '8083' },
        { name: 'ADMIN_HOST', value: '0.0.0.0' },
        { name: 'ADMIN_TOKEN_FILE', value: '/data/admin-token' },
      );
    },
  },
  {
    rule: 'service-types',
    what: 'a Service that is open outside',
    in: 'staging',
    target: 'Service tops-verifier',
    change: ({ spec }) => {
      spec.type = 'LoadBalancer';
    },
  },
  {
    rule: 'default-deny',
    what: 'a default deny that forgets egress',
    in: 'production',
    target: 'NetworkPolicy default-deny',
    change: ({ spec }) => {
      spec.policyTypes = ['Ingress'];
    },
  },
  {
    rule: 'default-deny',
    what: 'no default deny',
    in: 'production',
    target: 'NetworkPolicy default-deny',
    change: (_object, objects) => remove(objects, 'NetworkPolicy', 'default-deny'),
  },
  {
    rule: 'metrics-port',
    what: 'workers that may scrape the verifier',
    in: 'production',
    target: 'NetworkPolicy tops-verifier',
    change: ({ spec }) => {
      spec.ingress[0].ports.push({ protocol: 'TCP', port: 9464 });
    },
  },
  {
    rule: 'metrics-port',
    what: 'metrics on a port that the container does not have',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).env.push({ name: 'METRICS_PORT', value: '9465' });
    },
  },
  {
    rule: 'metrics-port',
    what: 'a scrape of the port of the protocol',
    in: 'production',
    target: 'ServiceMonitor tops-verifier',
    change: ({ spec }) => {
      spec.endpoints[0].port = 'http';
    },
  },
  {
    rule: 'metrics-port',
    what: 'a scrape of another path',
    in: 'production',
    target: 'ServiceMonitor tops-worker',
    change: ({ spec }) => {
      spec.endpoints[0].path = '/metric';
    },
  },
  {
    rule: 'metrics-port',
    what: 'monitoring of an app that has its metrics off',
    in: 'monitoring',
    target: WORKER,
    change: (object) => {
      containerOf(object).env.push({ name: 'METRICS_ENABLED', value: '0' });
    },
  },
];
