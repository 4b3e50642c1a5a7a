// Reading what ldd prints, for any architecture: the loader lies in another place on each.

/**
 * @param listing - What `ldd` printed about one file.
 * @returns paths of the libraries, the loader among them; the kernel's own, which is no file, is left out
 * @throws naming the library that is not installed
 */
export function parseLinkedLibraries(listing) {
  const missing = /^\s*(\S+) => not found/m.exec(listing)?.[1];
  if (missing !== undefined) throw new Error(`expected ${missing} to be installed, got nothing`);
  return [...listing.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map(([, path]) => path);
}
