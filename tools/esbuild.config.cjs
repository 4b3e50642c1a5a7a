// Shared by every app bundle. Some dependencies are CommonJS inside (winston's tree calls require at run time),
// so an ESM bundle needs a require of its own.
module.exports = {
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  loader: { '.wgsl': 'text' },
  outExtension: { '.js': '.js' },
};
