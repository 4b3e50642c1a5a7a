import type { Rule } from '../rule.ts';
import {
  allContainers,
  containerName,
  workloadsOf,
  type Container,
  type PodSpec,
  type SecurityContext,
  type Volume,
} from '../workload.ts';
import { nameOf } from '../manifest.ts';

// The controls of the restricted profile, which has all of the baseline's, in the order and with the allowed values of
// https://kubernetes.io/docs/concepts/security/pod-security-standards/ (Kubernetes 1.34).

const allowedSysctls = new Set([
  ...[
    'kernel.shm_rmid_forced',
    'net.ipv4.ip_local_port_range',
    'net.ipv4.ip_unprivileged_port_start',
  ],
  ...['net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports'],
  ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
  ...['net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
]);
const allowedSeLinuxTypes = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const allowedVolumes = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image'],
  ...['persistentVolumeClaim', 'projected', 'secret'],
]);
const allowedSeccomp = new Set(['RuntimeDefault', 'Localhost']);
const allowedAppArmor = new Set([undefined, 'RuntimeDefault', 'Localhost']);

export const podSecurityRule: Rule = {
  name: 'pod-security',
  reason: 'every pod passes the restricted profile, and its root is read-only besides',
  check: ({ objects }) =>
    workloadsOf(objects).flatMap((workload) => {
      const { spec, metadata } = workload.template;
      return [
        ...podProblems(spec).map((problem) => `${nameOf(workload.object)}: ${problem}`),
        ...appArmorAnnotations(metadata?.annotations).map(
          (problem) => `${nameOf(workload.object)}: ${problem}`,
        ),
        ...allContainers(spec).flatMap((container) =>
          containerProblems(container, spec.securityContext ?? {}).map(
            (problem) => `${containerName(workload, container)}: ${problem}`,
          ),
        ),
      ];
    }),
};

function podProblems(spec: PodSpec): string[] {
  const context = spec.securityContext ?? {};
  return [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const)
      .filter((field) => spec[field] === true)
      .map((field) => `${field} is true`),
    ...(context.sysctls ?? [])
      .filter(({ name }) => !allowedSysctls.has(name))
      .map(({ name }) => `the sysctl ${name} is not among the safe ones`),
    ...(spec.volumes ?? []).flatMap(volumeProblems),
    ...contextProblems(context),
  ];
}

function volumeProblems(volume: Volume): string[] {
  return Object.keys(volume)
    .filter((field) => field !== 'name' && !allowedVolumes.has(field))
    .map((field) => `the volume ${volume.name} is a ${field}`);
}

/** Controls that hold for the pod's context and each container's alike. */
function contextProblems(context: SecurityContext): string[] {
  const { seLinuxOptions: seLinux = {}, seccompProfile, appArmorProfile } = context;
  return [
    ...(context.windowsOptions?.hostProcess === true ? ['hostProcess is true'] : []),
    ...(allowedAppArmor.has(appArmorProfile?.type) ? [] : [`AppArmor is ${appArmorProfile?.type}`]),
    ...(allowedSeLinuxTypes.has(seLinux['type'] ?? '')
      ? []
      : [`the SELinux type is ${seLinux['type']}`]),
    ...((seLinux['user'] ?? '') + (seLinux['role'] ?? '') === ''
      ? []
      : ['SELinux user or role is set']),
    ...(context.runAsNonRoot === false ? ['runAsNonRoot is false'] : []),
    ...(context.runAsUser === 0 ? ['runAsUser is 0'] : []),
    ...(seccompProfile === undefined || allowedSeccomp.has(seccompProfile.type ?? '')
      ? []
      : [`seccomp is ${seccompProfile.type}`]),
  ];
}

function containerProblems(container: Container, pod: SecurityContext): string[] {
  const context = container.securityContext ?? {};
  const { add = [], drop = [] } = context.capabilities ?? {};
  return [
    ...contextProblems(context),
    ...(context.privileged === true ? ['privileged is true'] : []),
    ...((context.procMount ?? 'Default') === 'Default'
      ? []
      : [`procMount is ${context.procMount}`]),
    ...(container.ports ?? [])
      .filter(({ hostPort = 0 }) => hostPort !== 0)
      .map(({ hostPort }) => `the host's port ${hostPort}`),
    ...hookHosts(container).map((host) => `a probe or hook asks the host ${host}`),
    ...(context.allowPrivilegeEscalation === false
      ? []
      : ['allowPrivilegeEscalation is not false']),
    ...((context.runAsNonRoot ?? pod.runAsNonRoot) === true ? [] : ['runAsNonRoot is not true']),
    ...((context.seccompProfile ?? pod.seccompProfile) === undefined ? ['seccomp is not set'] : []),
    ...(drop.includes('ALL') ? [] : ['capabilities are not all dropped']),
    ...add
      .filter((name) => name !== 'NET_BIND_SERVICE')
      .map((name) => `the capability ${name} is added`),
    // Not of the profile; the images were made for it.
    ...(context.readOnlyRootFilesystem === true ? [] : ['readOnlyRootFilesystem is not true']),
    ...((context.runAsUser ?? pod.runAsUser) === 1000
      ? []
      : ["runAsUser is not 1000, the images' user"]),
  ];
}

function hookHosts(container: Container): string[] {
  const { startupProbe, livenessProbe, readinessProbe, lifecycle } = container;
  const hooks = [
    startupProbe,
    livenessProbe,
    readinessProbe,
    lifecycle?.preStop,
    lifecycle?.postStart,
  ];
  return hooks.flatMap((hook) =>
    [hook?.httpGet?.host, hook?.tcpSocket?.host].filter(
      (host) => host !== undefined && host !== '',
    ),
  ) as string[];
}

/** How AppArmor was asked for before 1.30. */
function appArmorAnnotations(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations)
    .filter(
      ([name, value]) =>
        name.startsWith('container.apparmor.security.beta.kubernetes.io/') &&
        !/^(runtime\/default|localhost\/.*|)$/.test(value),
    )
    .map(([name, value]) => `the annotation ${name} is ${value}`);
}

export const tokensRule: Rule = {
  name: 'tokens',
  reason: 'neither app asks the Kubernetes API anything, and service links look like settings',
  check: ({ objects }) => [
    ...objects
      .filter(({ kind }) => kind === 'ServiceAccount')
      .filter((object) => object['automountServiceAccountToken'] !== false)
      .map((object) => `${nameOf(object)}: automountServiceAccountToken is not false`),
    ...workloadsOf(objects).flatMap(({ object, template: { spec } }) => [
      ...(spec.automountServiceAccountToken === false
        ? []
        : [`${nameOf(object)}: automountServiceAccountToken is not false`]),
      ...(spec.enableServiceLinks === false
        ? []
        : [`${nameOf(object)}: enableServiceLinks is not false`]),
      ...(spec.volumes ?? [])
        .filter(({ projected }) =>
          projected?.sources?.some((source) => source.serviceAccountToken !== undefined),
        )
        .map(({ name }) => `${nameOf(object)}: the volume ${name} mounts a token`),
      ...((spec.serviceAccountName ?? 'default') === 'default'
        ? [`${nameOf(object)}: has no ServiceAccount of its own`]
        : []),
    ]),
  ],
};
