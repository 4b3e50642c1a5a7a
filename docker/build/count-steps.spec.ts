import { describe, expect, it } from '@jest/globals';
import { countSteps } from './count-steps.mjs';

const log = `
#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 2.81kB done
#2 [internal] load .dockerignore
#4 [toolchain 1/2] FROM docker.io/library/node:24-bookworm-slim
#5 [internal] load build context
#6 [dependencies 1/3] WORKDIR /src
#6 CACHED
#7 [native 2/2] RUN make
#8 [stage-6 2/4] COPY LICENSE /app/LICENSE
#8 CACHED
#9 exporting to image
#9 CACHED
`;

describe('countSteps', () => {
  it("counts the Dockerfile's own steps, and the cached ones among them", () => {
    expect(countSteps(log)).toEqual({ stepCount: 3, cachedCount: 2 });
  });

  it('counts nothing where nothing was built', () => {
    expect(countSteps('ERROR: no such file')).toEqual({ stepCount: 0, cachedCount: 0 });
  });
});
