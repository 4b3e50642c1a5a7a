import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLifecycle, createLogger } from './index.ts';

function setUp(deadlineMs = 5000) {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const emitter = new EventEmitter();
  const codes: number[] = [];
  const clock = { nowMs: 0 };
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    exit = resolve;
  });
  const lifecycle = createLifecycle(
    { logger, deadlineMs },
    {
      process: emitter as unknown as NodeJS.Process,
      exit: (code) => {
        codes.push(code);
        exit(code);
      },
      monotonicMs: () => clock.nowMs,
    },
  );
  const messages = () => lines.map((line) => line['message']);
  return { lifecycle, emitter, exited, codes, clock, lines, messages };
}

describe('createLifecycle', () => {
  it.each(['SIGINT', 'SIGTERM'])('closes in reverse order on %s and exits with 0', async (name) => {
    const { lifecycle, emitter, exited, codes } = setUp();
    const order: string[] = [];
    lifecycle.onShutdown('ledger', () => void order.push('ledger'));
    lifecycle.onShutdown('server', async () => {
      await Promise.resolve();
      order.push(`server, aborted ${lifecycle.signal.aborted}`);
    });
    await lifecycle.run(() => undefined);
    expect(codes).toEqual([]);
    emitter.emit(name);
    expect(await exited).toBe(0);
    expect(order).toEqual(['server, aborted true', 'ledger']);
  });

  it('runs the other hooks when one fails, and exits with 1', async () => {
    const { lifecycle, emitter, exited, lines } = setUp();
    let isClosed = false;
    lifecycle.onShutdown('ledger', () => void (isClosed = true));
    lifecycle.onShutdown('server', () => Promise.reject(new Error('stuck')));
    emitter.emit('SIGTERM');
    expect(await exited).toBe(1);
    expect(isClosed).toBe(true);
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'shutdown hook failed',
        hook: 'server',
        error: expect.objectContaining({ message: 'stuck' }),
      }),
    );
  });

  it('forces the exit at the deadline and names the hook that hung', async () => {
    const { lifecycle, emitter, exited, lines } = setUp(20);
    lifecycle.onShutdown('server', () => new Promise<void>(() => undefined));
    emitter.emit('SIGTERM');
    expect(await exited).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'shutdown deadline passed', hook: 'server' }),
    );
  });

  it('forces the exit on a second signal', async () => {
    const { lifecycle, emitter, exited, clock, messages } = setUp();
    lifecycle.onShutdown('server', () => new Promise<void>(() => undefined));
    emitter.emit('SIGINT');
    clock.nowMs += 1000;
    emitter.emit('SIGINT');
    expect(await exited).toBe(1);
    expect(messages()).toContain('second signal: exiting at once');
  });

  it('takes signals within a second of the first for echoes of it', async () => {
    const { lifecycle, emitter, exited, clock, lines, messages } = setUp();
    let finish = (): void => undefined;
    lifecycle.onShutdown('server', () => new Promise<void>((resolve) => (finish = resolve)));
    emitter.emit('SIGINT');
    clock.nowMs += 20;
    emitter.emit('SIGTERM');
    clock.nowMs += 979;
    emitter.emit('SIGINT');
    finish();
    expect(await exited).toBe(0);
    expect(messages()).toEqual(['shutting down', 'shut down']);
    expect(lines).toMatchObject([{ reason: 'SIGINT', deadlineMs: 5000 }, { exitCode: 0 }]);
  });

  it('counts signals only: the first one during a shutdown begun otherwise changes nothing', async () => {
    const { lifecycle, emitter, exited, clock, messages } = setUp();
    let finish = (): void => undefined;
    lifecycle.onShutdown('server', () => new Promise<void>((resolve) => (finish = resolve)));
    const closing = lifecycle.shutdown('the worker failed', 1);
    clock.nowMs += 3000;
    emitter.emit('SIGTERM');
    finish();
    await closing;
    expect(await exited).toBe(1);
    expect(messages()).toEqual(['shutting down', 'shut down']);
  });

  it.each([
    ['uncaughtException', 'uncaught exception'],
    ['unhandledRejection', 'unhandled rejection'],
  ])('logs an %s and exits with 1 without the hooks', async (event, message) => {
    const { lifecycle, emitter, exited, lines } = setUp();
    let ran = false;
    lifecycle.onShutdown('server', () => void (ran = true));
    emitter.emit(event, new Error('boom'));
    expect(await exited).toBe(1);
    expect(ran).toBe(false);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        message,
        error: expect.objectContaining({ message: 'boom' }),
      }),
    ]);
  });

  it('exits with 1 when the start fails, after closing what was opened', async () => {
    const { lifecycle, exited, messages } = setUp();
    let isClosed = false;
    await lifecycle.run(() => {
      lifecycle.onShutdown('ledger', () => void (isClosed = true));
      throw new Error('no kernel');
    });
    expect(await exited).toBe(1);
    expect(isClosed).toBe(true);
    expect(messages()).toContain('start failed');
  });

  it('takes a start cut short by the shutdown for no failure, and exits only once', async () => {
    const { lifecycle, emitter, exited, codes, messages } = setUp();
    const running = lifecycle.run(async (signal) => {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    emitter.emit('SIGTERM');
    await running;
    expect(await exited).toBe(0);
    await lifecycle.shutdown('again', 1);
    expect(codes).toEqual([0]);
    expect(messages()).not.toContain('start failed');
  });
});
