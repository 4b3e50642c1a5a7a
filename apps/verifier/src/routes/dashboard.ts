import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler } from 'express';
import { refuseMethod } from '../http/send-reply.ts';
import type { VerifierMetrics } from '../metrics.ts';

const absentPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>tops verifier</title></head>
<body>
<h1>tops verifier</h1>
<p>The dashboard is not built. <code>npx nx build dashboard</code> builds it, then restart the verifier.</p>
<p><a href="/v1/epoch">/v1/epoch</a> · <a href="/v1/workers">/v1/workers</a> · <a href="/v1/epochs">/v1/epochs</a> · <a href="/openapi.json">/openapi.json</a></p>
</body>
</html>
`;

/** The built dashboard's files under /, or a page that says how to build it. */
export function serveDashboard(directory: string, metrics: VerifierMetrics): RequestHandler {
  const router = express.Router({ caseSensitive: true, strict: true });
  if (existsSync(join(directory, 'index.html'))) {
    router.use(express.static(directory, { dotfiles: 'ignore', redirect: false, etag: true }));
  }
  router.get('/', (_request, response) => {
    response.locals['route'] = '/';
    response.set('Cache-Control', 'no-store').type('html').send(absentPage);
  });
  router.all('/', (request, response) =>
    refuseMethod(response, { allow: 'GET, HEAD', got: request.method }, metrics),
  );
  return router;
}
