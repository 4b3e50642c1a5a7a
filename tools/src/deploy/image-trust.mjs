// Which images a deployment may use: those of this repository's own workflow, by their digests.

const ISSUER = 'https://token.actions.githubusercontent.com';
/** The one workflow that publishes images, and the refs it publishes them from. */
const WORKFLOW = '.github/workflows/ci-cd.yml';
const TRUSTED_REFS = '(refs/heads/(main|master)|refs/tags/v.+)';
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;
const TAG = /^[\w][\w.-]{0,127}$/;

export class UntrustedImageError extends Error {}

const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What the registry has under a tag now. */
function digestOf(reference, run) {
  const digest = run('docker', [
    ...['buildx', 'imagetools', 'inspect', reference],
    ...['--format', '{{.Manifest.Digest}}'],
  ]).trim();
  if (!DIGEST.test(digest))
    throw new UntrustedImageError(`${reference}: expected a digest, got ${digest || 'nothing'}`);
  return digest;
}

/**
 * Looks up the digest of each image and has its signature and provenance checked, before anything of it is used.
 *
 * @param options - `images`: as an overlay has them, `{ name, newName }`; `repository`: OWNER/NAME on GitHub
 * @param deps - `run(program, args)` gives what it prints and throws when it fails
 * @returns name → digest
 * @throws UntrustedImageError, naming the image
 */
export function trustedDigests({ images, tag, repository }, { run, print }) {
  if (!REPOSITORY.test(repository))
    throw new UntrustedImageError(`expected OWNER/NAME, got ${repository || 'nothing'}`);
  if (!TAG.test(tag)) throw new UntrustedImageError(`expected a tag, got ${tag || 'nothing'}`);
  const digests = new Map();
  for (const { name, newName } of images) {
    const digest = digestOf(`${newName}:${tag}`, run);
    const image = `${newName}@${digest}`;
    const identity = `^https://github\\.com/${escapeRegExp(repository)}/${escapeRegExp(WORKFLOW)}@${TRUSTED_REFS}$`;
    const checks = {
      signature: [
        'cosign',
        [
          ...['verify', '--output=text', `--certificate-oidc-issuer=${ISSUER}`],
          ...[`--certificate-identity-regexp=${identity}`, image],
        ],
      ],
      provenance: [
        'gh',
        [
          ...['attestation', 'verify', `oci://${image}`, `--repo=${repository}`],
          ...[`--cert-identity-regex=${identity}`, `--cert-oidc-issuer=${ISSUER}`],
          // Built by GitHub's own machines: others may be anybody's.
          '--deny-self-hosted-runners',
        ],
      ],
    };
    for (const [what, [program, args]] of Object.entries(checks)) {
      try {
        run(program, args);
      } catch (cause) {
        throw new UntrustedImageError(`${image}: no ${what} of ${repository}: ${cause.message}`, {
          cause,
        });
      }
    }
    print(`${name}: ${tag}@${digest}, signature and provenance of ${repository}`);
    digests.set(name, digest);
  }
  return digests;
}
