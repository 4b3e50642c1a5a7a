import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { fcParameters } from '@tops/testing';
import express from 'express';
import fc from 'fast-check';
import { clientAddress } from './client-address.ts';

describe('clientAddress', () => {
  it('is what Express takes the address to be, whatever the header says', async () => {
    let hops = 0;
    let seen: (string | undefined)[] = [];
    const app = express();
    app.use((request, response) => {
      seen = [request.ip, clientAddress(request, hops)];
      response.end();
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const entry = fc.oneof(fc.constantFrom('', ' ', '192.0.2.1', '2001:db8::1', 'junk', 'a b'));
    const header = fc.array(entry, { maxLength: 6 }).map((entries) => entries.join(', '));
    try {
      await fc.assert(
        fc.asyncProperty(header, fc.nat({ max: 4 }), async (forwardedFor, trustedHops) => {
          hops = trustedHops;
          app.set('trust proxy', hops === 0 ? false : hops);
          const request = httpRequest({
            ...{ port, host: '127.0.0.1', agent: false },
            headers: forwardedFor === '' ? {} : { 'x-forwarded-for': forwardedFor },
          });
          request.end();
          const [response] = await once(request, 'response');
          response.resume();
          expect(seen[1]).toBe(seen[0]);
          expect(seen[0]).toBeDefined();
        }),
        fcParameters(200),
      );
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
