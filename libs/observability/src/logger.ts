import type { Writable } from 'node:stream';
import winston from 'winston';
import { redact } from './redact.ts';

/** From the most to the least urgent; the value of LOG_LEVEL. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export type LogFields = Readonly<Record<string, unknown>>;

/** A constant message plus fields: `logger.info('receipt accepted', { receiptId })`. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
  /** Whether a line of this level would be written: spares building costly fields. */
  isEnabled(level: LogLevel): boolean;
  /** Resolves once everything logged so far has been handed to the destination; the logger writes nothing after it. */
  close(): Promise<void>;
}

export interface LoggerOptions {
  /** Who writes: `worker`, `verifier`. */
  readonly service: string;
  readonly level: LogLevel;
  /** Readable single lines for a terminal instead of JSON. */
  readonly pretty?: boolean;
  /** Where lines go; standard output by default. */
  readonly destination?: Writable;
  /** Exact texts to hide wherever they stand, beside all fields with secret-looking names. */
  readonly secretValues?: readonly string[];
}

const LINE = Symbol.for('message');

/**
 * A winston logger of one JSON object a line: { timestamp, level, service, message, …fields }. Fields cannot replace
 * those four names (they get a trailing underscore) and pass through `redact`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { service, level, pretty = false, destination = process.stdout } = options;
  const secrets = { secretValues: options.secretValues ?? [] };
  const toLine = winston.format((info) => {
    const fields = redact(info['fields'], secrets) as Record<string, unknown>;
    const line = {
      timestamp: new Date().toISOString(),
      level: info.level,
      service,
      message: redact(String(info.message), secrets) as string,
    };
    info[LINE] = pretty ? prettyLine(line, fields) : jsonLine(line, fields);
    return info;
  });
  const root = winston.createLogger({
    level,
    levels: Object.fromEntries(logLevels.map((name, index) => [name, index])),
    format: toLine(),
    transports: [new winston.transports.Stream({ stream: destination, eol: '\n' })],
    exitOnError: false,
  });
  return wrap(root, {}, level);
}

function wrap(root: winston.Logger, bound: LogFields, threshold: LogLevel): Logger {
  const isEnabled = (level: LogLevel): boolean =>
    logLevels.indexOf(level) <= logLevels.indexOf(threshold);
  // winston itself would append a field called `message` to the message, so fields travel as one.
  const log = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (isEnabled(level) && root.writable)
      root.log({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    debug: (message, fields) => log('debug', message, fields),
    child: (fields) => wrap(root, { ...bound, ...fields }, threshold),
    isEnabled,
    close: () => closeRoot(root),
  };
}

const closings = new WeakMap<winston.Logger, Promise<void>>();

function closeRoot(root: winston.Logger): Promise<void> {
  const closing =
    closings.get(root) ??
    new Promise<void>((resolve) => {
      root.once('finish', () => resolve());
      root.end();
    });
  closings.set(root, closing);
  return closing;
}

interface LineHead {
  readonly timestamp: string;
  readonly level: string;
  readonly service: string;
  readonly message: string;
}

function jsonLine(line: LineHead, fields: Record<string, unknown>): string {
  const own: Record<string, unknown> = { ...line };
  for (const [name, value] of Object.entries(fields)) own[name in line ? `${name}_` : name] = value;
  return JSON.stringify(own);
}

function prettyLine(line: LineHead, fields: Record<string, unknown>): string {
  const time = line.timestamp.slice(11, 23);
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${prettyValue(value)}`);
  return [time, line.level.toUpperCase().padEnd(5), line.service, line.message, ...shown].join(' ');
}

function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/+@%-]+$/.test(value)) return value;
  return JSON.stringify(value) ?? 'undefined';
}
