// What the addon would be built with. Run by itself it prints one line, which is part of the build's cache key: a machine
// that gets a compiler later builds then.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** First line of what a program says about its version; undefined when there is no such program. */
function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? stdout.split('\n')[0].trim() : undefined;
}

function packagePath(name) {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** Node's own headers where the installation has them; else node-gyp downloads some. */
function headersDir() {
  const { npm_config_nodedir: configured } = process.env;
  if (configured) return configured;
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : undefined;
}

/** @returns the tools, with `missing` naming what is not there */
export function findToolchain() {
  const compilers = [process.env['CXX'], 'g++', 'c++', 'clang++'].filter(Boolean);
  // Windows: node-gyp finds its compiler by itself, and the sources want Clang's vector extensions, which MSVC lacks.
  const compiler = compilers.find((name) => versionOf(name) !== undefined);
  const pythons = [process.env['npm_config_python'], 'python3', 'python'].filter(Boolean);
  const python = pythons.find((name) => versionOf(name) !== undefined);
  const gypDir = packagePath('node-gyp');
  const tools = {
    compiler,
    compilerVersion: compiler && versionOf(compiler),
    python,
    make: versionOf('make') && 'make',
    nodeGyp: gypDir && join(gypDir, 'bin/node-gyp.js'),
    nodeAddonApi: packagePath('node-addon-api'),
    headers: headersDir(),
  };
  const needed = {
    'a C++ compiler': tools.compiler,
    make: tools.make,
    Python: tools.python,
    'the package node-gyp': tools.nodeGyp,
    'the package node-addon-api': tools.nodeAddonApi,
  };
  const missing = Object.keys(needed).filter((name) => !needed[name]);
  return { ...tools, missing };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { compilerVersion, missing } = findToolchain();
  console.log([process.platform, process.arch, compilerVersion, ...missing].join(' | '));
}
