// The look inside each image, and the proof that it would see something: an image with everything planted that is forbidden.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { capture } from '../build/images.mjs';
import { forbidden, lookIntoFiles, lookIntoSettings } from './look-inside.mjs';
import { plantedFiles, plantedSettings } from './planted.mjs';

const BUNDLE = /^app\/apps\/[^/]+\/main\.js$/;
const BILL = 'app/bill-of-materials.spdx.json';
const LABELS = ['source', 'revision', 'version', 'created', 'licenses'];

function withDirectory(use) {
  const dir = mkdtempSync(join(tmpdir(), 'tops-inside-'));
  try {
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const inspect = (reference) => JSON.parse(capture('docker', ['image', 'inspect', reference]))[0];

/** Whether a layer has the bill, with what all bundles have in it. */
function hasBill(root) {
  const path = join(root, BILL);
  if (!existsSync(path)) return false;
  const { packages } = JSON.parse(readFileSync(path, 'utf8'));
  return ['node', 'express', 'prom-client'].every((name) =>
    packages.some((one) => one.name === name),
  );
}

/** What is found in an image, layer by layer. A bundle is looked for too: nothing is forbidden in an image of nothing. */
function lookInside(reference) {
  return withDirectory((dir) => {
    capture('docker', ['save', '--output', join(dir, 'image.tar'), reference]);
    capture('tar', ['-xf', join(dir, 'image.tar'), '-C', dir]);
    const [{ Layers: layers }] = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
    const findings = layers.flatMap((layer, index) => {
      const root = join(dir, `files-${index}`);
      mkdirSync(root);
      capture('tar', ['-xpf', join(dir, layer), '-C', root]);
      const hasBundle = readdirSync(root, { recursive: true }).some((path) => BUNDLE.test(path));
      return [
        ...lookIntoFiles(root),
        ...(hasBundle ? [['bundle', layer]] : []),
        ...(hasBill(root) ? [['bill', layer]] : []),
      ];
    });
    return [...findings, ...lookIntoSettings(settingsOf(reference))];
  });
}

function settingsOf(reference) {
  const { Env, Labels, Cmd, Entrypoint } = inspect(reference).Config;
  const history = capture('docker', [
    'history',
    '--no-trunc',
    '--format={{.CreatedBy}}',
    reference,
  ]);
  return [
    ...(Env ?? []),
    ...Object.entries(Labels ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(Cmd ?? []),
    ...(Entrypoint ?? []),
    ...history.split('\n'),
  ];
}

export function checkInside(checks, reference) {
  checks.begin(`inside ${reference}`);
  const findings = lookInside(reference);
  for (const what of forbidden) {
    const places = findings.filter(([found]) => found === what).map(([, place]) => place);
    checks.check(
      places.length === 0,
      `no ${what}${places.length === 0 ? '' : `, got ${places[0]}`}`,
    );
  }
  const isFound = (wanted) => findings.some(([what]) => what === wanted);
  checks.check(isFound('bundle'), 'the bundle is there');
  checks.check(isFound('bill'), 'a bill says what is in the bundle');
  const { Config } = inspect(reference);
  const missing = LABELS.filter((name) => !(`org.opencontainers.image.${name}` in Config.Labels));
  checks.check(
    missing.length === 0,
    `OCI labels${missing.map((name) => ` without ${name}`).join('')}`,
  );
  checks.check(Config.User === '1000:1000', 'its user is 1000');
  checks.check(Config.Healthcheck?.Test[0] === 'CMD', 'its health check needs no shell');
}

/** An image of `reference` and all that is forbidden, one thing of it hidden by a later layer. */
export function checkThatLookingSees(checks, reference) {
  checks.begin(`inside ${reference}, with everything planted that is forbidden`);
  const planted = `${reference}-planted-${process.pid}`;
  const findings = withDirectory((dir) => {
    for (const { path, content, mode } of plantedFiles) {
      const place = join(dir, 'planted', path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, content);
      if (mode !== undefined) chmodSync(place, mode);
    }
    writeFileSync(join(dir, 'harmless'), 'harmless');
    const hidden = plantedFiles[0].path;
    writeFileSync(
      join(dir, 'Dockerfile'),
      [
        `FROM ${reference}`,
        'COPY planted /',
        `COPY harmless /${hidden}`,
        ...plantedSettings.map((setting) => `ENV ${setting}`),
      ].join('\n'),
    );
    capture('docker', ['build', '--quiet', '--tag', planted, dir], {
      env: { ...process.env, DOCKER_BUILDKIT: '1' },
    });
    try {
      return lookInside(planted);
    } finally {
      capture('docker', ['image', 'rm', planted]);
    }
  });
  for (const { what, path } of plantedFiles) {
    const isSeen = findings.some(([found, place]) => found === what && place === path);
    checks.check(isSeen, `sees ${path} as ${what}`);
  }
  for (const setting of plantedSettings) {
    const [name] = setting.split('=');
    checks.check(
      findings.some(([, place]) => place.includes(name)),
      `sees the setting ${name}`,
    );
  }
}
