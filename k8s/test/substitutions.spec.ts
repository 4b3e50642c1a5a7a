import { describe, expect, it } from '@jest/globals';
import { substitute, substitutions } from '../smoke/substitutions.ts';
import { appOf, environmentOf } from '../src/environment.ts';
import { workloadsOf } from '../src/workload.ts';
import { renderingOf } from './rendered.ts';

const place = {
  port: 40_000,
  serviceUrl: 'http://127.0.0.1:41000',
  directory: '/tmp/pod',
  databaseUrl: 'postgres://u:p@127.0.0.1/d',
};

describe('the substitutions of the smoke', () => {
  it.each(['staging', 'production'])('change nothing else of %s', (name) => {
    const { objects } = renderingOf(name);
    const listed = new Set(substitutions.map(({ variable }) => variable));
    for (const { template } of workloadsOf(objects)) {
      const [container] = template.spec.containers;
      const app = container && appOf(container)?.name;
      if (container === undefined || app === undefined) throw new Error('expected an app of ours');
      const rendered = environmentOf(container, objects);
      const env = substitute(rendered, { app, place });
      const names = [...new Set([...Object.keys(rendered), ...Object.keys(env)])];
      const changed = names.filter((each) => rendered[each] !== env[each]);
      expect(changed.filter((each) => !listed.has(each))).toEqual([]);
      expect(changed.length).toBeGreaterThan(0);
      expect(Object.keys(env).filter((each) => env[each] === undefined)).toEqual([]);
    }
  });

  it('are given once for an app, with a reason', () => {
    const names = substitutions.flatMap(({ variable, apps }) =>
      apps.map((app) => `${app} ${variable}`),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(substitutions.filter(({ reason }) => reason.length < 20)).toEqual([]);
  });

  it('are each of use in some overlay', () => {
    const used = ['staging', 'production'].flatMap((name) => {
      const { objects } = renderingOf(name);
      return workloadsOf(objects).flatMap(({ template }) =>
        template.spec.containers.flatMap((container) => {
          const app = appOf(container)?.name ?? 'worker';
          const rendered = environmentOf(container, objects);
          const env = substitute(rendered, { app, place });
          return Object.keys({ ...rendered, ...env }).filter(
            (each) => rendered[each] !== env[each],
          );
        }),
      );
    });
    const variables = substitutions.map(({ variable }) => variable);
    expect(variables.filter((variable) => !used.includes(variable))).toEqual([]);
  });
});
