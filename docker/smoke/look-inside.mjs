// What must not be in an image, looked for in the files of each layer, in its settings and its history. Of each layer, because what a
// later layer hides is in the image all the same.
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What bundles leave outside, with what that needs: nothing else of node_modules is for run time. */
const RUNTIME_PACKAGES = new Set([
  ...['libsql', '@libsql/linux-x64-gnu', '@libsql/linux-arm64-gnu', '@neon-rs/load', 'detect-libc'],
  ...['webgpu', 'debug', 'ms'],
]);

/** Debian's libraries and Node.js itself hold patterns of all kinds and are of their packages; their content is not read. */
const UNREAD_FILE = /^usr\/(lib|share|local\/bin)\//;
const CONTENT_BYTES_MAX = 32_000_000;

/** A key in its own armour: the markers alone are in any program that reads keys. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{32}/;
const TOKEN =
  /_authToken\s*=\s*\S{8}|\bnpm_[A-Za-z0-9]{36}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bAKIA[0-9A-Z]{16}\b/;
/** The form our own signing keys and passwords have in a file. */
const BARE_SECRET = /^[0-9a-f]{64}\s*$/i;
/** A setting of such a name with a value, or an address with a password in it. */
const SECRET_SETTING =
  /\b\w*(SK_HEX|PASSWORD|PASSWD|SECRET|TOKEN|DATABASE_URL)\w*["']?\s*[=:]\s*["']?[^\s"',}]|:\/\/[^\s/:@]+:[^\s/@]+@/i;

/** Each rule by what it forbids: of a file's path, its mode or its content. */
const FILE_RULES = {
  'source maps': ({ path, text }) =>
    /\.map$/.test(path) || /sourceMappingURL=data:/.test(text ?? ''),
  shells: ({ path, isDirectory }) =>
    !isDirectory && /(^|\/)((ba|da|z|k|c|tc|a)?sh|busybox)$/.test(path),
  'package managers': ({ path, isDirectory }) =>
    !isDirectory && /(^|\/)(npm|npx|yarn|yarnpkg|pnpm|corepack|apt|apt-get|dpkg)$/.test(path),
  "npm's cache or settings": ({ path }) => /(^|\/)(\.npm|_cacache|_logs|\.npmrc)(\/|$)/.test(path),
  'keys and environment files': ({ path }) =>
    /\.(key|pem|p12|pfx)$|(^|\/)(\.env[^/]*|id_(rsa|ed25519|ecdsa)|\.git-credentials|\.netrc)$|(^|\/)\.(git|ssh|aws|docker)(\/|$)/.test(
      path,
    ),
  'secrets in files': ({ text }) =>
    text !== undefined &&
    (PRIVATE_KEY.test(text) || TOKEN.test(text) || BARE_SECRET.test(text.slice(0, 80))),
  'sources and tests': ({ path }) => /\.ts$|\.(spec|test)\.|^src(\/|$)/.test(path),
  'other packages': ({ path }) => {
    const name = packageOf(path);
    return name !== undefined && !RUNTIME_PACKAGES.has(name);
  },
  'files that give rights': ({ mode, isFile }) => isFile && (mode & 0o6000) !== 0,
  'files that anybody may write': ({ path, mode, isLink }) =>
    !isLink && (mode & 0o002) !== 0 && path !== 'tmp',
};
const SETTING_RULES = { 'secrets in settings or history': (text) => SECRET_SETTING.test(text) };

/** Everything that is looked for. */
export const forbidden = [...Object.keys(FILE_RULES), ...Object.keys(SETTING_RULES)];

/** The package that a path lies in, by the innermost node_modules. */
function packageOf(path) {
  return /.*node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\//.exec(path)?.[1];
}

function describe(root, path) {
  const stats = lstatSync(join(root, path));
  const isRead = stats.isFile() && stats.size <= CONTENT_BYTES_MAX && !UNREAD_FILE.test(path);
  return {
    path,
    mode: stats.mode,
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isLink: stats.isSymbolicLink(),
    text: isRead ? readFileSync(join(root, path), 'latin1') : undefined,
  };
}

/** @returns what was found in the files of one layer, unpacked into `root`: pairs of what and where */
export function lookIntoFiles(root) {
  return readdirSync(root, { recursive: true }).flatMap((path) => {
    const file = describe(root, path);
    return Object.entries(FILE_RULES)
      .filter(([, isFound]) => isFound(file))
      .map(([what]) => [what, path]);
  });
}

/** @returns what was found in lines of settings: environment, labels, history */
export function lookIntoSettings(lines) {
  return lines.flatMap((line) =>
    Object.entries(SETTING_RULES)
      .filter(([, isFound]) => isFound(line))
      // Its name is enough to find it by; its value is not for a log.
      .map(([what]) => [what, line.split('=')[0].slice(0, 60)]),
  );
}
