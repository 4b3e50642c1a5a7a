// What a program, or a release of several, is made of, as SPDX 2.3, from the lockfile.
//
// Scanners know a package by its folder: of what is bundled they see nothing. And `npm sbom --package-lock-only --omit=dev`
// (npm 11.19) leaves out express, pg and all they need.
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

/** Entries of a lockfile, without packages that only develop; those of every platform are in, as a release has archives of them. */
export function shippedPackages(lockfile) {
  return Object.entries(lockfile.packages).filter(([path, { dev }]) => path && !dev);
}

/**
 * The packages whose files a bundle has, by its source map.
 *
 * @param map - parsed
 * @returns paths as the lockfile has them, `node_modules/express`
 */
export function bundledPaths({ sources }) {
  const folder = 'node_modules/';
  const paths = sources
    .filter((source) => source.includes(folder))
    .map((source) => {
      const last = source.lastIndexOf(folder) + folder.length;
      const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(source.slice(last));
      return source.slice(source.indexOf(folder), last) + name;
    });
  return [...new Set(paths)];
}

/**
 * @param name - of what is described
 * @param packages - entries of the lockfile
 * @param facts - `version` of the release, of `node`, and `createdAt` in ISO 8601, which must not be the time of the build: the same
 *   sources have the same bill
 */
export function billOfMaterials(name, packages, { version, node, createdAt }) {
  const project = otherPackage({
    ...{ name, version, licence: 'Apache-2.0', type: 'generic' },
  });
  const runtime = otherPackage({
    ...{ name: 'node', version: node, licence: 'MIT', type: 'generic' },
    homepage: `https://nodejs.org/dist/v${node}/`,
  });
  const parts = [runtime, ...packages.map(packageOf)];
  const contents = JSON.stringify([project, ...parts]);
  const digest = createHash('sha256').update(contents).digest('hex');
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${version}-${digest}`,
    creationInfo: { created: createdAt, creators: ['Tool: tops-worker-bill-of-materials'] },
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
