// Compressed sizes against their budget: node docker/check-sizes.mjs
//
// As a registry would hold them: each layer by gzip. An image that is not there is an error, not a pass.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { capture, demandEngine, images, referenceOf } from './build/images.mjs';

const megabytes = (bytes) => (bytes / 1e6).toFixed(1).padStart(6);

/** `docker save` is the layers and a few kilobytes about them. */
async function compressedBytes(reference) {
  capture('docker', ['image', 'inspect', reference]);
  const child = spawn('docker', ['save', reference], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  let byteCount = 0;
  const counter = new Writable({
    write(chunk, _encoding, done) {
      byteCount += chunk.length;
      done();
    },
  });
  await pipeline(child.stdout, createGzip({ level: 6 }), counter);
  const code = await exit;
  if (code !== 0) throw new Error(`docker save ${reference} ended with ${code}`);
  return byteCount;
}

demandEngine();
let isOver = false;
for (const image of images) {
  const reference = referenceOf(image);
  const bytes = await compressedBytes(reference);
  const isTooLarge = bytes > image.budgetBytes;
  isOver ||= isTooLarge;
  const verdict = isTooLarge ? 'TOO LARGE' : 'within';
  console.log(
    `${megabytes(bytes)} MB, ${verdict} ${megabytes(image.budgetBytes).trim()} MB  ${reference}`,
  );
}
process.exitCode = isOver ? 1 : 0;
