// What the executables are made of, as SPDX 2.3, from the lockfile.
//
// `npm sbom --package-lock-only --omit=dev` (npm 11.19) leaves out express, pg and all they need, so it is not used.
import { createHash } from 'node:crypto';

const SPDX_ID = /[^A-Za-z0-9.-]+/g;

function packageOf([path, { version, license, integrity }]) {
  const name = path.split('node_modules/').at(-1);
  const sha512 = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    name,
    SPDXID: `SPDXRef-Package-${path.replace(/^node_modules\//, '').replace(SPDX_ID, '.')}-${version}`,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: license ?? 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    externalRefs: [purlOf('npm', name.replace('@', '%40'), version)],
    ...(sha512 && {
      checksums: [
        { algorithm: 'SHA512', checksumValue: Buffer.from(sha512, 'base64').toString('hex') },
      ],
    }),
  };
}

const purlOf = (type, name, version) => ({
  referenceCategory: 'PACKAGE-MANAGER',
  referenceType: 'purl',
  referenceLocator: `pkg:${type}/${name}@${version}`,
});

/** A package that is no package of npm's. */
function otherPackage({ name, version, licence, type, homepage }) {
  return {
    name,
    SPDXID: `SPDXRef-Package-${name}`,
    versionInfo: version,
    downloadLocation: homepage ?? 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence,
    copyrightText: 'NOASSERTION',
    externalRefs: [purlOf(type, name, version)],
  };
}

/**
 * Packages that only develop are left out; those of every platform are in, as the release has archives of them.
 *
 * @param lockfile - package-lock.json, parsed
 * @param facts - `version` of the release, of `node`, and `createdAt` in ISO 8601: that of the commit, so that the same sources have
 *   the same bill
 */
export function billOfMaterials(lockfile, { version, node, createdAt }) {
  const shipped = Object.entries(lockfile.packages).filter(([path, { dev }]) => path && !dev);
  const project = otherPackage({
    ...{ name: 'tops-worker', version, licence: 'Apache-2.0', type: 'generic' },
  });
  const runtime = otherPackage({
    ...{ name: 'node', version: node, licence: 'MIT', type: 'generic' },
    homepage: `https://nodejs.org/dist/v${node}/`,
  });
  const parts = [runtime, ...shipped.map(packageOf)];
  const contents = JSON.stringify([project, ...parts]);
  const digest = createHash('sha256').update(contents).digest('hex');
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `tops-worker-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/tops-worker-${version}-${digest}`,
    creationInfo: { created: createdAt, creators: ['Tool: tops-worker-release-files'] },
    documentDescribes: [project.SPDXID],
    packages: [project, ...parts],
    relationships: [
      {
        spdxElementId: 'SPDXRef-DOCUMENT',
        relatedSpdxElement: project.SPDXID,
        relationshipType: 'DESCRIBES',
      },
      ...parts.map(({ SPDXID }) => ({
        spdxElementId: project.SPDXID,
        relatedSpdxElement: SPDXID,
        relationshipType: 'CONTAINS',
      })),
    ],
  };
}
