import type { Logger } from './logger.ts';

/** The exit codes of the services; 78, a wrong configuration, belongs to @tops/config. */
export const exitCodes = { clean: 0, crash: 1 } as const;

export interface LifecycleOptions {
  readonly logger: Logger;
  /** From the first signal to the forced exit. */
  readonly deadlineMs: number;
  readonly signals?: readonly NodeJS.Signals[];
}

export interface Lifecycle {
  /** Aborted when the shutdown begins: loops end, waits are cut short. */
  readonly signal: AbortSignal;
  /** Hooks run one after the other, the last registered first: what was opened last closes first. */
  onShutdown(name: string, hook: () => Promise<void> | void): void;
  /** Begins the shutdown; resolves when every hook has run, just before the process exits. */
  shutdown(reason: string, exitCode?: number): Promise<void>;
  /**
   * Runs the start of the service. If it fails, the failure is logged, the hooks run and the process exits with 1; if it
   * succeeds the process lives on until a signal or `shutdown`.
   */
  run(start: (signal: AbortSignal) => Promise<void> | void): Promise<void>;
}

export interface LifecycleDependencies {
  readonly process: Pick<NodeJS.Process, 'on'>;
  readonly exit: (code: number) => void;
  /** Milliseconds that only go forward; the process's own clock by default. */
  readonly monotonicMs?: () => number;
}

/**
 * Signals this soon after the first are echoes of it: a terminal's Ctrl-C reaches the whole process group, and a parent in
 * that group (nx, npm, a shell script) passes it on once more, often as SIGTERM.
 */
const echoWindowMs = 1000;

/**
 * One process's life: a signal begins an ordered, bounded shutdown; a second one that comes later than its echoes could,
 * or the deadline, forces the exit with code 1; an uncaught exception or unhandled rejection is logged and exits with 1
 * at once, hooks skipped, since nothing is known about the state it left.
 */
export function createLifecycle(
  options: LifecycleOptions,
  dependencies: LifecycleDependencies = { process, exit: (code) => process.exit(code) },
): Lifecycle {
  return new ProcessLifecycle(options, dependencies);
}

interface Hook {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

class ProcessLifecycle implements Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #dependencies: LifecycleDependencies;
  readonly #monotonicMs: () => number;
  readonly #abort = new AbortController();
  readonly #hooks: Hook[] = [];
  #closing: Promise<void> | undefined;
  #currentHook: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #firstSignalAtMs: number | undefined;
  #hasExited = false;

  constructor(options: LifecycleOptions, dependencies: LifecycleDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#monotonicMs = dependencies.monotonicMs ?? (() => performance.now());
    const target = dependencies.process;
    for (const name of options.signals ?? (['SIGINT', 'SIGTERM'] as const))
      target.on(name, () => this.#onSignal(name));
    target.on('uncaughtException', (error) => this.#crash('uncaught exception', error));
    target.on('unhandledRejection', (reason) => this.#crash('unhandled rejection', reason));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onShutdown(name: string, hook: () => Promise<void> | void): void {
    this.#hooks.push({ name, run: hook });
  }

  shutdown(reason: string, exitCode: number = exitCodes.clean): Promise<void> {
    this.#closing ??= this.#close(reason, exitCode);
    return this.#closing;
  }

  async run(start: (signal: AbortSignal) => Promise<void> | void): Promise<void> {
    try {
      await start(this.signal);
    } catch (error) {
      // A start cut short by the shutdown itself is no failure.
      if (this.signal.aborted) return;
      this.#options.logger.error('start failed', { error });
      await this.shutdown('start failed', exitCodes.crash);
    }
  }

  #onSignal(name: string): void {
    const nowMs = this.#monotonicMs();
    // The first signal asks for a shutdown, also for one that something else has begun already.
    this.#firstSignalAtMs ??= nowMs;
    if (nowMs - this.#firstSignalAtMs < echoWindowMs) {
      void this.shutdown(name);
      return;
    }
    this.#options.logger.warn('second signal: exiting at once', { signal: name });
    this.#exit(exitCodes.crash);
  }

  async #close(reason: string, requestedCode: number): Promise<void> {
    const { logger, deadlineMs } = this.#options;
    logger.info('shutting down', { reason, deadlineMs });
    this.#deadline = setTimeout(() => {
      logger.error('shutdown deadline passed', { hook: this.#currentHook });
      this.#exit(exitCodes.crash);
    }, deadlineMs);
    this.#abort.abort(new Error(`shutting down: ${reason}`));
    let exitCode = requestedCode;
    for (let hook = this.#hooks.pop(); hook !== undefined; hook = this.#hooks.pop()) {
      this.#currentHook = hook.name;
      try {
        await hook.run();
      } catch (error) {
        logger.error('shutdown hook failed', { hook: hook.name, error });
        exitCode = exitCodes.crash;
      }
    }
    logger.info('shut down', { exitCode });
    this.#exit(exitCode);
  }

  #crash(message: string, error: unknown): void {
    this.#options.logger.error(message, { error });
    this.#exit(exitCodes.crash);
  }

  #exit(code: number): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    clearTimeout(this.#deadline);
    // The log's last lines first; a destination that blocks must not keep the process.
    const leave = (): void => this.#dependencies.exit(code);
    const bound = setTimeout(leave, 500);
    void this.#options.logger.close().then(() => {
      clearTimeout(bound);
      leave();
    });
  }
}
