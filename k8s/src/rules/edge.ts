import { appOf } from '../environment.ts';
import { findObject, selects, type KubeObject } from '../manifest.ts';
import { workloadsOf } from '../workload.ts';
import { serviceSelector } from './selectors.ts';

export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly defaultBackend?: unknown;
  readonly rules?: readonly {
    readonly host?: string;
    readonly http?: {
      readonly paths: readonly {
        readonly path?: string;
        readonly pathType: string;
        readonly backend?: { readonly service?: { readonly name: string } };
      }[];
    };
  }[];
}

const NGINX = 'nginx.ingress.kubernetes.io/';
/** Those of others that ask for a certificate and a name. */
const harmless = ['cert-manager.io/', 'external-dns.alpha.kubernetes.io/'];

interface Annotation {
  readonly isRequired: boolean;
  readonly expected: string;
  readonly takes: (value: string) => boolean;
}

const isCount = (value: string): boolean => /^[1-9]\d*$/.test(value);
const count = (isRequired: boolean): Annotation => ({
  ...{ isRequired, expected: 'a number from 1 on, 0 being no limit', takes: isCount },
});

/** Everything an annotation of the controller may be: others rewrite paths, match them by pattern, or take code. */
const annotationsFor = (bodyBytesMax: number): Readonly<Record<string, Annotation>> => ({
  'proxy-body-size': {
    isRequired: true,
    expected: `the verifier's own ${bodyBytesMax} bytes`,
    takes: (value) => nginxBytes(value) === bodyBytesMax,
  },
  'limit-rps': count(true),
  'limit-connections': count(true),
  'proxy-read-timeout': count(false),
  'ssl-redirect': { isRequired: true, expected: 'true', takes: (value) => value === 'true' },
});

/** nginx counts k and m by 1024. */
function nginxBytes(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([km]?)$/i.exec(text) ?? [];
  const factor = { '': 1, k: 2 ** 10, m: 2 ** 20 }[unit.toLowerCase()] ?? Number.NaN;
  return digits === '' ? Number.NaN : Number(digits) * factor;
}

/** Encrypted, bounded in size and rate, to the verifier and by nothing but what is written there. */
export function edgeProblems(
  ingress: KubeObject,
  objects: readonly KubeObject[],
  bodyBytesMax: number,
): string[] {
  const { tls = [], rules = [], ingressClassName } = ingress['spec'] as IngressSpec;
  const hosts = new Set(tls.flatMap((each) => each.hosts ?? []));
  const backends = rules.flatMap(({ http }) =>
    (http?.paths ?? []).map(({ backend }) => backend?.service?.name ?? '(none)'),
  );
  return [
    ...rules
      .filter(({ host }) => host === undefined || !hosts.has(host))
      .map(({ host }) => `no TLS for ${host ?? 'every host'}`),
    ...(ingressClassName === 'nginx'
      ? []
      : [`the class is ${ingressClassName ?? 'none'}, the annotations are those of nginx`]),
    ...annotationProblems(ingress, annotationsFor(bodyBytesMax)),
    ...[...new Set(backends)]
      .filter((name) => leadsElsewhere(name, objects))
      .map((name) => `the Service ${name} is not the verifier's`),
  ];
}

function annotationProblems(
  { metadata: { annotations = {} } }: KubeObject,
  known: Readonly<Record<string, Annotation>>,
): string[] {
  return [
    ...Object.entries(known)
      .filter(([name, { isRequired }]) => isRequired && annotations[NGINX + name] === undefined)
      .map(([name]) => `no ${NGINX}${name}`),
    ...Object.entries(annotations).flatMap(([name, value]) => {
      if (harmless.some((prefix) => name.startsWith(prefix))) return [];
      const rule = name.startsWith(NGINX) ? known[name.slice(NGINX.length)] : undefined;
      if (rule === undefined) return [`the annotation ${name} is not among those that are known`];
      return rule.takes(value) ? [] : [`${name}: expected ${rule.expected}, got ${value}`];
    }),
  ];
}

/** A Service that is not there is for the rule `ports`, one of several apps for `selectors`. */
function leadsElsewhere(name: string, objects: readonly KubeObject[]): boolean {
  const service = findObject(objects, { kind: 'Service', name });
  return service !== undefined && !leadsToVerifier(service, objects);
}

/** Whether a Service meets pods of the verifier. */
export function leadsToVerifier(service: KubeObject, objects: readonly KubeObject[]): boolean {
  return workloadsOf(objects).some(
    ({ labels, template }) =>
      selects(serviceSelector(service), labels) &&
      template.spec.containers.some((container) => appOf(container)?.name === 'verifier'),
  );
}
