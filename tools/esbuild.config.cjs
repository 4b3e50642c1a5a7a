// Shared by every app bundle. Some dependencies are CommonJS inside (winston's tree calls require at run time),
// so an ESM bundle needs a require of its own.
const { copyFileSync, existsSync, rmSync } = require('node:fs');
const { dirname, join } = require('node:path');

const addon = join(__dirname, '../libs/kernel-cpu/native/build/Release/kernel_cpu.node');

/** The native kernel is one file beside the bundle; without it the bundle computes by WebAssembly. */
const nativeAddon = {
  name: 'native-addon',
  setup(build) {
    build.onEnd(({ errors }) => {
      const { outfile, outdir } = build.initialOptions;
      const directory = outdir ?? (outfile && dirname(outfile));
      if (errors.length > 0 || !directory || !existsSync(addon)) return;
      const copy = join(directory, 'kernel_cpu.node');
      // A running service may have the old file mapped: it keeps that one, and the copy becomes another.
      rmSync(copy, { force: true });
      copyFileSync(addon, copy);
    });
  },
};

module.exports = {
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  loader: { '.wgsl': 'text' },
  outExtension: { '.js': '.js' },
  plugins: [nativeAddon],
};
