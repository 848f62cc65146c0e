/** How much is logged. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** A level of the log. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields of a log line; values are plain data. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: one JSON object a line, or `level event key=value` for people. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** What a logger writes to and how. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  readonly write: (line: string) => void;
  /** ms since 1970. */
  readonly wallClock: () => number;
}

/** A logger that writes one line an event, and never throws on account of a field. */
export function createLogger(options: LoggerOptions): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const log = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const time = new Date(options.wallClock()).toISOString();
    options.write(
      options.format === 'json'
        ? `${JSON.stringify({ time, level, event, ...plain(fields) })}\n`
        : `${time} ${level.padEnd(5)} ${event}${text(fields)}\n`,
    );
  };
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
  };
}

function text(fields: LogFields): string {
  return Object.entries(plain(fields))
    .map(
      ([key, value]) =>
        ` ${key}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join('');
}

/** What JSON can carry: errors as code and message, bytes as hex. */
function plain(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, plainValue(value)]),
  );
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) {
    return { name: value.name, message: value.message, ...('code' in value ? { code: value.code } : {}) };
  }
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
