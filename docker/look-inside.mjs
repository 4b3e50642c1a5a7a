// What must not be in an image, looked for in every file name of a container's file system, in its labels and its history.
import { capture } from './images.mjs';

/** What bundles leave outside, with what that needs: nothing else of node_modules is for run time. */
const RUNTIME_PACKAGES = new Set([
  ...['libsql', '@libsql/linux-x64-gnu', '@libsql/linux-arm64-gnu', '@neon-rs/load', 'detect-libc'],
  ...['webgpu', 'debug', 'ms'],
]);

const FORBIDDEN = [
  ['source maps', /\.map$/],
  ['shells', /(^|\/)(ba|da|z)?sh$/],
  ['package managers', /(^|\/)(npm|npx|yarn|corepack|apt|apt-get|dpkg)$/],
  ["npm's cache or settings", /(^|\/)(\.npm|_cacache|\.npmrc)(\/|$)/],
  ['keys and environment files', /\.(key|pem)$|(^|\/)\.env[^/]*$/, /^etc\/ssl\/certs\//],
  ['sources and tests', /\.ts$|\.spec\.|^src\//],
];

/** Packages that a path lies in, by the innermost node_modules. */
function packageOf(path) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\//.exec(path)?.[1];
}

/** @returns pairs of whether something holds, and what. */
export function lookInside(container, reference) {
  const paths = capture('sh', ['-c', `docker export ${container} | tar -t`]).split('\n');
  const results = FORBIDDEN.map(([what, pattern, allowed]) => {
    const found = paths.filter((path) => pattern.test(path) && !allowed?.test(path));
    return [found.length === 0, `no ${what}${found.length === 0 ? '' : `, got ${found[0]}`}`];
  });
  const strangers = new Set(
    paths.map(packageOf).filter((name) => name && !RUNTIME_PACKAGES.has(name)),
  );
  results.push([
    strangers.size === 0,
    `no other packages${[...strangers].map((name) => ` ${name}`)}`,
  ]);
  results.push([paths.some((path) => path.endsWith('/main.js')), 'the bundle is there']);

  const { Config } = JSON.parse(capture('docker', ['image', 'inspect', reference]))[0];
  const labels = ['source', 'revision', 'version', 'created', 'licenses'];
  const missing = labels.filter((name) => !(`org.opencontainers.image.${name}` in Config.Labels));
  results.push([missing.length === 0, `OCI labels${missing.map((name) => ` without ${name}`)}`]);
  results.push([Config.User === '1000:1000', 'its user is 1000']);
  results.push([Config.Healthcheck?.Test[0] === 'CMD', 'its health check needs no shell']);
  return results;
}
