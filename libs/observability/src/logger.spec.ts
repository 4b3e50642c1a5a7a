import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLogger, type LoggerOptions } from './index.ts';

function capture(options: Partial<LoggerOptions> = {}) {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const logger = createLogger({ service: 'worker', level: 'info', destination, ...options });
  const lines = () =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, text: () => text };
}

describe('createLogger', () => {
  it('writes one JSON object a line with the constant message and its fields', () => {
    const { logger, lines } = capture();
    logger.child({ component: 'submitter' }).warn('submit failed', { attempt: 2, code: 'timeout' });
    expect(lines()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        level: 'warn',
        service: 'worker',
        message: 'submit failed',
        component: 'submitter',
        attempt: 2,
        code: 'timeout',
      },
    ]);
  });

  it('keeps to its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    expect(lines().map((line) => line['message'])).toEqual(['c', 'd']);
    expect([logger.isEnabled('info'), logger.isEnabled('error')]).toEqual([false, true]);
  });

  it('does not let a field replace the line head or forge a line', () => {
    const { logger, lines } = capture();
    logger.info('started', {
      message: 'x',
      level: 'y',
      service: 'z',
      text: 'a\n{"level":"error"}',
    });
    expect(lines()).toEqual([
      expect.objectContaining({
        message: 'started',
        level: 'info',
        service: 'worker',
        message_: 'x',
        level_: 'y',
        service_: 'z',
        text: 'a\n{"level":"error"}',
      }),
    ]);
  });

  it.each([false, true])('redacts names, bytes and known values (pretty: %s)', (pretty) => {
    const secret = 'c0ffee'.repeat(8);
    const { logger, text } = capture({ pretty, secretValues: [secret] });
    logger.error(`failed with ${secret}`, {
      error: new Error(secret),
      seed: secret,
      key: new Uint8Array(32).fill(0xc0),
      shown: 'visible',
    });
    expect(text()).toContain('visible');
    expect(text()).toContain('[32 bytes]');
    expect(text()).not.toContain(secret);
  });

  it('writes readable lines for a terminal', () => {
    const { logger, text } = capture({ pretty: true });
    logger.info('ready', { port: 8082, reason: 'two words' });
    expect(text()).toMatch(/^[\d:.]{12} INFO {2}worker ready port=8082 reason="two words"\n$/);
  });

  it('hands everything over before close resolves, then stays silent', async () => {
    const { logger, lines } = capture();
    for (let i = 0; i < 1000; i++) logger.info('line', { i });
    await logger.close();
    logger.info('late');
    await logger.close();
    expect(lines()).toHaveLength(1000);
  });
});
