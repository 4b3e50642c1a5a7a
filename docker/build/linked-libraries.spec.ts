import { describe, expect, it } from '@jest/globals';
import { parseLinkedLibraries } from './linked-libraries.mjs';

// As ldd of Debian 12 prints it for Node.js 24.
const amd64 = `
	linux-vdso.so.1 (0x00007ffd8b1f2000)
	libdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f0a3c5f1000)
	libstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f0a3c3d0000)
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0a3bf0e000)
	/lib64/ld-linux-x86-64.so.2 (0x00007f0a3c607000)
`;
// The loader lies in /lib there, and nothing is called lib64.
const arm64 = `
	linux-vdso.so.1 (0x0000ffff8d6ab000)
	libdl.so.2 => /lib/aarch64-linux-gnu/libdl.so.2 (0x0000ffff8d620000)
	libstdc++.so.6 => /lib/aarch64-linux-gnu/libstdc++.so.6 (0x0000ffff8d400000)
	/lib/ld-linux-aarch64.so.1 (0x0000ffff8d66e000)
	libc.so.6 => /lib/aarch64-linux-gnu/libc.so.6 (0x0000ffff8d250000)
`;

describe('parseLinkedLibraries', () => {
  it('gives libraries and loader, on amd64', () => {
    expect(parseLinkedLibraries(amd64)).toEqual([
      '/lib/x86_64-linux-gnu/libdl.so.2',
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('gives libraries and loader, on arm64', () => {
    expect(parseLinkedLibraries(arm64)).toEqual([
      '/lib/aarch64-linux-gnu/libdl.so.2',
      '/lib/aarch64-linux-gnu/libstdc++.so.6',
      '/lib/ld-linux-aarch64.so.1',
      '/lib/aarch64-linux-gnu/libc.so.6',
    ]);
  });

  it('finds none in what is not dynamically linked', () => {
    expect(parseLinkedLibraries('\tstatically linked\n')).toEqual([]);
  });

  it('names a library that is not installed', () => {
    const listing = `${amd64}\tlibvulkan.so.1 => not found\n`;
    expect(() => parseLinkedLibraries(listing)).toThrow(
      'expected libvulkan.so.1 to be installed, got nothing',
    );
  });
});
