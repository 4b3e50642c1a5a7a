import type { KubeObject, LabelSelector, Metadata } from './manifest.ts';

export interface SecurityContext {
  readonly [field: string]: unknown;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string };
  readonly appArmorProfile?: { readonly type?: string };
  readonly seLinuxOptions?: Readonly<Record<string, string>>;
  readonly windowsOptions?: { readonly hostProcess?: boolean };
  readonly sysctls?: readonly { readonly name: string }[];
}

export interface HttpAction {
  readonly path?: string;
  readonly port: string | number;
  readonly host?: string;
}

export interface Probe {
  readonly httpGet?: HttpAction;
  readonly tcpSocket?: { readonly port: string | number; readonly host?: string };
  readonly grpc?: { readonly port: number };
  readonly exec?: { readonly command?: readonly string[] };
  readonly successThreshold?: number;
}

export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: KeyRef;
    readonly configMapKeyRef?: KeyRef;
    readonly fieldRef?: { readonly fieldPath: string };
    readonly resourceFieldRef?: { readonly resource: string };
  };
}

export interface KeyRef {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface EnvSource {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
  readonly secretRef?: { readonly name: string; readonly optional?: boolean };
}

type Quantities = Readonly<Record<string, string | number>>;

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
    readonly hostPort?: number;
  }[];
  readonly env?: readonly EnvVariable[];
  readonly envFrom?: readonly EnvSource[];
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
  readonly lifecycle?: {
    readonly preStop?: Probe & { readonly sleep?: { readonly seconds: number } };
    readonly postStart?: Probe;
  };
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface KeyedSource {
  readonly items?: readonly { readonly key: string }[];
  readonly optional?: boolean;
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: { readonly sizeLimit?: string };
  readonly configMap?: KeyedSource & { readonly name: string };
  readonly secret?: KeyedSource & { readonly secretName: string };
  readonly projected?: {
    readonly sources?: readonly {
      readonly configMap?: KeyedSource & { readonly name: string };
      readonly secret?: KeyedSource & { readonly name: string };
      readonly serviceAccountToken?: unknown;
    }[];
  };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly [source: string]: unknown;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: SecurityContext;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly topologySpreadConstraints?: readonly { readonly labelSelector?: LabelSelector }[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostUsers?: boolean;
  readonly runtimeClassName?: string;
}

export interface PodTemplate {
  readonly metadata?: Partial<Metadata>;
  readonly spec: PodSpec;
}

/** An object that makes pods, with the template it makes them of. */
export interface Workload {
  readonly object: KubeObject;
  readonly template: PodTemplate;
  readonly labels: Readonly<Record<string, string>>;
}

export interface WorkloadSpec {
  readonly replicas?: number;
  readonly selector?: LabelSelector;
  readonly strategy?: { readonly type?: string };
  readonly template?: PodTemplate;
  readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } };
}

/** Everything in `objects` that makes pods, of whatever kind: whoever has a template has to pass the rules of pods. */
export function workloadsOf(objects: readonly KubeObject[]): Workload[] {
  return objects.flatMap((object) => {
    const template = templateOf(object);
    return template === undefined
      ? []
      : [{ object, template, labels: template.metadata?.labels ?? {} }];
  });
}

function templateOf(object: KubeObject): PodTemplate | undefined {
  if (object.kind === 'Pod') {
    return { metadata: object.metadata, spec: object['spec'] as PodSpec };
  }
  const spec = object['spec'] as WorkloadSpec | undefined;
  const template = spec?.jobTemplate?.spec.template ?? spec?.template;
  return template?.spec?.containers === undefined ? undefined : template;
}

export function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

/** The volume that a path of a container is on; undefined where it is on the image. */
export function volumeAt(
  path: string,
  { volumeMounts = [] }: Container,
  volumes: readonly Volume[],
): Volume | undefined {
  const holds = (mountPath: string): boolean => `${path}/`.startsWith(`${mountPath}/`);
  const [innermost] = volumeMounts
    .filter(({ mountPath }) => holds(mountPath))
    .sort((left, right) => right.mountPath.length - left.mountPath.length);
  return volumes.find(({ name }) => name === innermost?.name);
}

/** `Deployment tops-worker, container worker`, for messages. */
export function containerName(workload: Workload, container: Container): string {
  const { kind, metadata } = workload.object;
  return `${kind} ${metadata.name}, container ${container.name}`;
}
