// The files that the verifier serves under / beside its own bundle: index.html, dashboard.css, dashboard.js, favicon.svg. No
// inline script or style, so that the page runs under `default-src 'none'` with 'self' for script, style, img and connect.
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const sourceDir = join(import.meta.dirname, 'src');
const outputDir = join(import.meta.dirname, '../../dist/apps/dashboard');

await rm(outputDir, { recursive: true, force: true });
await mkdir(outputDir, { recursive: true });
await build({
  entryPoints: [
    { in: join(sourceDir, 'main.ts'), out: 'dashboard' },
    { in: join(sourceDir, 'dashboard.css'), out: 'dashboard' },
  ],
  outdir: outputDir,
  bundle: true,
  format: 'esm',
  target: ['chrome109', 'firefox115', 'safari16'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});
for (const name of ['index.html', 'favicon.svg']) {
  await cp(join(sourceDir, name), join(outputDir, name));
}
