// Jest transform: TypeScript to ESM, and shader sources to a default-exported string. Types are checked by tsc, not here.
import { createHash } from 'node:crypto';
import { transformSync, version } from 'esbuild';

const options = {
  format: 'esm',
  target: 'node20.19',
  supported: { 'import-attributes': true },
  sourcemap: 'inline',
};

function compile(sourceText, sourcePath) {
  const loader = sourcePath.endsWith('.wgsl') ? 'text' : 'ts';
  return transformSync(sourceText, { ...options, loader, sourcefile: sourcePath });
}

export default {
  canInstrument: false,
  getCacheKey: (sourceText, sourcePath) =>
    createHash('sha256')
      .update(`${version}\0${JSON.stringify(options)}\0${sourcePath}\0${sourceText}`)
      .digest('hex'),
  process: compile,
  processAsync: async (sourceText, sourcePath) => compile(sourceText, sourcePath),
};
