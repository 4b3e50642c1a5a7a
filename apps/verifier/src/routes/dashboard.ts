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

/** For an upload that must not overwrite another; on a page to be read they could only fail, and no code tells of that. */
const ignorePreconditions: RequestHandler = (request, _response, next) => {
  delete request.headers['if-match'];
  delete request.headers['if-unmodified-since'];
  next();
};

/** The built dashboard's files under /, or a page that says how to build it. */
export function serveDashboard(directory: string, metrics: VerifierMetrics): RequestHandler {
  const router = express.Router({ caseSensitive: true, strict: true });
  if (existsSync(join(directory, 'index.html'))) {
    const options = { dotfiles: 'ignore', redirect: false, etag: true, acceptRanges: false };
    router.use(ignorePreconditions, express.static(directory, options));
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
