import { WORKER, VERIFIER, type Break } from './break.ts';
import { containerOf, type Loose } from '../rendered.ts';

function configOf(objects: Loose[]): string {
  const map = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('tops-worker-config'),
  );
  return map.metadata.name;
}

export const admissionBreaks: readonly Break[] = [
  {
    rule: 'admission',
    what: 'an object twice',
    in: 'production',
    target: 'Service tops-verifier',
    change: (object, objects) => {
      objects.push(structuredClone(object));
    },
  },
  {
    rule: 'admission',
    what: 'a label with spaces',
    in: 'production',
    target: 'ConfigMap tops-worker-config',
    change: (object) => {
      object.metadata.labels.purpose = 'what workers read';
    },
  },
  {
    rule: 'admission',
    what: 'a name that is none',
    in: 'staging',
    target: 'PodDisruptionBudget tops-worker',
    change: (object) => {
      object.metadata.name = 'Tops_Worker';
    },
  },
  {
    rule: 'admission',
    what: 'a budget of both kinds',
    in: 'production',
    target: 'PodDisruptionBudget tops-worker',
    change: (object) => {
      object.spec.minAvailable = 1;
    },
  },
  {
    rule: 'admission',
    what: 'a port of a Service twice',
    in: 'staging',
    target: 'Service tops-verifier',
    change: (object) => {
      object.spec.ports.push({ ...object.spec.ports[0] });
    },
  },
  {
    rule: 'admission',
    what: 'a rolling update beside Recreate',
    in: 'staging',
    target: VERIFIER,
    change: (object) => {
      object.spec.strategy.rollingUpdate = { maxSurge: 1 };
    },
  },
  {
    rule: 'admission',
    what: 'a variable that is set twice',
    in: 'production',
    target: WORKER,
    change: (object) => {
      containerOf(object).env.push({ name: 'HOME', value: '/tmp' });
    },
  },
  {
    rule: 'admission',
    what: 'two volumes of one name',
    in: 'production',
    target: WORKER,
    change: (object) => {
      const { volumes } = object.spec.template.spec;
      volumes.push({ ...volumes[1] });
    },
  },
  {
    rule: 'admission',
    what: 'two volumes at one place',
    in: 'staging',
    target: WORKER,
    change: (object) => {
      containerOf(object).volumeMounts.push({ name: 'data', mountPath: '/tmp' });
    },
  },
  {
    rule: 'admission',
    what: 'a volume of two kinds',
    in: 'production',
    target: WORKER,
    change: (object, objects) => {
      object.spec.template.spec.volumes[1].configMap = { name: configOf(objects) };
    },
  },
  {
    rule: 'admission',
    what: 'a name of a port that is too long',
    in: 'staging',
    target: WORKER,
    change: (object, objects) => {
      const container = containerOf(object);
      container.ports[0].name = 'http-of-the-worker';
      container.livenessProbe.httpGet.port = 8082;
      container.readinessProbe.httpGet.port = 8082;
      const service = objects.find(({ metadata }) => metadata.name === 'tops-worker-service');
      service.spec.ports[0].targetPort = 8082;
    },
  },
  {
    rule: 'admission',
    what: 'a probe that asks twice',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).livenessProbe.tcpSocket = { port: 'http' };
    },
  },
  {
    rule: 'admission',
    what: 'a liveness that has to pass twice',
    in: 'production',
    target: VERIFIER,
    change: (object) => {
      containerOf(object).livenessProbe.successThreshold = 2;
    },
  },
];
