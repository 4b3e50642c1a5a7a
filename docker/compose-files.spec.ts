import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { allProfiles, composeCommand, profilesOf } from './compose-command.mjs';
import { imageIn } from './smoke/foreign-images.mjs';

const files = readdirSync('docker').filter((name) => /^compose\b.*\.yaml$/.test(name));
const text = files.map((name) => readFileSync(`docker/${name}`, 'utf8')).join('\n');

describe('the compose files', () => {
  it('publish on loopback only', () => {
    const published = [...text.matchAll(/^ +ports: \[(.*)\]$/gm)].map(([, ports = '']) => ports);
    expect(published).toHaveLength(6);
    for (const ports of published) expect(ports).toMatch(/^'127\.0\.0\.1:\$\{\w+:-\d+\}:\d+'$/);
    expect(text.match(/\bports:/g)).toHaveLength(published.length);
  });

  it('name every image by a variable, those of others with an exact version', () => {
    const names = [...text.matchAll(/^ +image: (.*)$/gm)].map(([, image = '']) => image);
    for (const image of names)
      expect(image).toMatch(
        /^\$\{\w+_IMAGE:-(tops-[a-z-]+:dev|[a-z/]+:v?\d+\.\d+(\.\d+)?(-bookworm)?)\}$/,
      );
    expect(names).toHaveLength(9);
  });

  it('hold no secret and no way out of a container', () => {
    expect(text).not.toMatch(/network_mode: host|privileged:|cap_add|docker\.sock|pid: host/);
    expect(text).not.toMatch(/(PASSWORD|TOKEN|SK_HEX|DATABASE_URL): /);
    expect(text).not.toMatch(/:\/\/[^\s/:@]+:[^\s/@]+@/);
  });

  it('name stand-ins for none but the images of others', () => {
    const standIns = readdirSync('docker/smoke/stand-ins').filter((name) =>
      name.endsWith('.Dockerfile'),
    );
    for (const name of standIns)
      expect(text).toContain(`${name.replace('.Dockerfile', '').toUpperCase()}_IMAGE`);
    expect(text).not.toContain('stand-in');
  });
});

describe('composeCommand', () => {
  it('adds the file of a profile that changes another service', () => {
    const filesOf = (profiles: string[]) =>
      composeCommand({ profiles }).filter((argument: string) => argument.endsWith('.yaml'));
    expect(filesOf([])).toEqual(['docker/compose.yaml']);
    expect(filesOf(['monitoring'])).toEqual(['docker/compose.yaml']);
    expect(filesOf(['postgres', 'gpu'])).toEqual([
      'docker/compose.yaml',
      'docker/compose.postgres.yaml',
    ]);
    for (const file of filesOf(allProfiles)) expect(existsSync(file)).toBe(true);
  });

  it('reads COMPOSE_PROFILES as compose does', () => {
    expect(profilesOf({})).toEqual([]);
    expect(profilesOf({ COMPOSE_PROFILES: '' })).toEqual([]);
    expect(profilesOf({ COMPOSE_PROFILES: 'gpu, postgres,' })).toEqual(['gpu', 'postgres']);
  });

  it('refuses a profile that there is not', () => {
    const { status, stderr } = spawnSync(process.execPath, ['docker/run-compose.mjs', 'up'], {
      encoding: 'utf8',
      env: { ...process.env, COMPOSE_PROFILES: 'postgers' },
    });
    expect(status).toBe(2);
    expect(stderr).toBe('expected COMPOSE_PROFILES of gpu, monitoring, postgres, got postgers\n');
  });
});

describe('imageIn', () => {
  const config = `services:
  grafana:
    environment:
      image: no
    image: grafana/grafana:13.2.1
  postgres:
    image: 'postgres:17'
`;

  it('gives the image of a service', () => {
    expect(imageIn(config, 'grafana')).toBe('grafana/grafana:13.2.1');
    expect(imageIn(config, 'postgres')).toBe('postgres:17');
  });

  it('throws for a service without one', () => {
    expect(() => imageIn(config, 'prometheus')).toThrow('expected an image of prometheus');
  });
});
