import { describe, expect, it } from '@jest/globals';
import { factsOfApps } from '../src/facts.ts';
import type { KubeObject } from '../src/manifest.ts';
import { podSecurityRule } from '../src/rules/pod-security.ts';
import { broken, containerOf, type Loose } from './rendered.ts';

const facts = factsOfApps();
const WORKER = 'Deployment tops-worker';

function problemsAfter(change: (spec: Loose, container: Loose, template: Loose) => void): string[] {
  const rendering = broken('production', WORKER, (object) => {
    const { template } = object.spec;
    change(template.spec, containerOf(object), template);
  });
  return podSecurityRule.check(rendering, facts);
}

type Change = Parameters<typeof problemsAfter>[0];

const refused: readonly (readonly [string, Change])[] = [
  ['the network of the host', (spec) => (spec.hostNetwork = true)],
  ['the processes of the host', (spec) => (spec.hostPID = true)],
  ['the IPC of the host', (spec) => (spec.hostIPC = true)],
  ['a HostProcess pod', (spec) => (spec.securityContext.windowsOptions = { hostProcess: true })],
  ['a privileged container', (_spec, each) => (each.securityContext.privileged = true)],
  ['an added capability', (_spec, each) => (each.securityContext.capabilities.add = ['SYS_TIME'])],
  ['CAP_ names too', (_spec, each) => (each.securityContext.capabilities.add = ['CAP_CHOWN'])],
  ['capabilities kept', (_spec, each) => (each.securityContext.capabilities.drop = ['NET_RAW'])],
  ['capabilities unsaid', (_spec, each) => delete each.securityContext.capabilities],
  ['a volume of the host', (spec) => spec.volumes.push({ name: 'h', hostPath: { path: '/' } })],
  ['a volume of NFS', (spec) => spec.volumes.push({ name: 'n', nfs: { server: 'a', path: '/' } })],
  ['a port of the host', (_spec, each) => (each.ports[0].hostPort = 8082)],
  ['a probe of another host', (_spec, each) => (each.livenessProbe.httpGet.host = '10.0.0.1')],
  ['AppArmor off', (spec) => (spec.securityContext.appArmorProfile = { type: 'Unconfined' })],
  [
    'AppArmor off by annotation',
    (_spec, _each, template) => {
      template.metadata.annotations = {
        'container.apparmor.security.beta.kubernetes.io/worker': 'unconfined',
      };
    },
  ],
  ['an SELinux type', (spec) => (spec.securityContext.seLinuxOptions = { type: 'spc_t' })],
  ['an SELinux user', (spec) => (spec.securityContext.seLinuxOptions = { user: 'root' })],
  ['an unmasked /proc', (_spec, each) => (each.securityContext.procMount = 'Unmasked')],
  ['seccomp off in the pod', (spec) => (spec.securityContext.seccompProfile.type = 'Unconfined')],
  [
    'seccomp off in a container',
    (_spec, each) => (each.securityContext.seccompProfile = { type: 'Unconfined' }),
  ],
  ['seccomp unsaid', (spec) => delete spec.securityContext.seccompProfile],
  ['an unsafe sysctl', (spec) => (spec.securityContext.sysctls = [{ name: 'kernel.msgmax' }])],
  ['escalation allowed', (_spec, each) => (each.securityContext.allowPrivilegeEscalation = true)],
  ['escalation unsaid', (_spec, each) => delete each.securityContext.allowPrivilegeEscalation],
  ['root allowed', (spec) => delete spec.securityContext.runAsNonRoot],
  ['root allowed in a container', (_spec, each) => (each.securityContext.runAsNonRoot = false)],
  ['user 0', (_spec, each) => (each.securityContext.runAsUser = 0)],
  [
    'an init container without a context',
    (spec) => (spec.initContainers = [{ name: 'init', image: 'x' }]),
  ],
];

const taken: readonly (readonly [string, Change])[] = [
  ['nothing changed', () => undefined],
  [
    'NET_BIND_SERVICE',
    (_spec, each) => (each.securityContext.capabilities.add = ['NET_BIND_SERVICE']),
  ],
  [
    'runAsNonRoot on each container',
    (spec, each) => {
      delete spec.securityContext.runAsNonRoot;
      each.securityContext.runAsNonRoot = true;
    },
  ],
  [
    'seccomp on each container',
    (spec, each) => {
      delete spec.securityContext.seccompProfile;
      each.securityContext.seccompProfile = { type: 'RuntimeDefault' };
    },
  ],
  [
    'a local seccomp profile',
    (spec) => (spec.securityContext.seccompProfile = { type: 'Localhost', localhostProfile: 'x' }),
  ],
  ['a projected volume', (spec) => spec.volumes.push({ name: 'p', projected: { sources: [] } })],
  [
    'a safe sysctl',
    (spec) => (spec.securityContext.sysctls = [{ name: 'net.ipv4.tcp_syncookies' }]),
  ],
];

describe('the restricted profile', () => {
  it.each(refused)('refuses %s', (_what, change) => {
    expect(problemsAfter(change)).not.toEqual([]);
  });

  it.each(taken)('takes %s', (_what, change) => {
    expect(problemsAfter(change)).toEqual([]);
  });

  it.each(['StatefulSet', 'DaemonSet', 'Job', 'ReplicaSet', 'Rollout'])(
    'holds for a %s, too',
    (kind) => {
      const rendering = broken('production', WORKER, (object) => {
        object.kind = kind;
        containerOf(object).securityContext.privileged = true;
      });
      expect(podSecurityRule.check(rendering, facts)).toEqual([
        `${kind} tops-worker, container worker: privileged is true`,
      ]);
    },
  );

  it('holds for a CronJob and a bare Pod, too', () => {
    const rendering = broken('production', WORKER, (object, objects) => {
      const { template } = structuredClone(object.spec);
      template.spec.hostPID = true;
      const job = { spec: { jobTemplate: { spec: { template } } }, metadata: { name: 'later' } };
      const pod = { spec: template.spec, metadata: { name: 'bare' } };
      const added = [
        { apiVersion: 'batch/v1', kind: 'CronJob', ...job },
        { apiVersion: 'v1', kind: 'Pod', ...pod },
      ];
      objects.push(...(added as unknown as KubeObject[]));
    });
    expect(podSecurityRule.check(rendering, facts)).toEqual([
      'CronJob later: hostPID is true',
      'Pod bare: hostPID is true',
    ]);
  });
});
