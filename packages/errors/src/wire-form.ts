import { type DetailKind, ERROR_CODES, isErrorCode } from './error-codes.js';
import { type ErrorCode, type ErrorDetails, FlotillaError, isFlotillaError, type Outcome } from './flotilla-error.js';

/** An encoded error is never longer, so that it fits where a handshake's refusal must. */
export const ENCODED_ERROR_BYTES_MAX = 4096;

const FORMAT_VERSION = 1;
const MESSAGE_CHARACTERS_MAX = 512;
const DETAIL_CHARACTERS_MAX = 160;
const CAUSE_CHARACTERS_MAX = 160;
const DECODED_DETAIL_CHARACTERS_MAX = ENCODED_ERROR_BYTES_MAX;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

interface WireError {
  readonly code: string;
  readonly message: string;
  readonly outcome: Outcome;
  readonly details: Readonly<Record<string, string | number>>;
  readonly cause?: string;
}

/**
 * The wire form of an error: a version byte, then JSON of code, message, outcome, details and the cause's text; at most
 * `bytesMax` bytes (1,024 or more), for which long texts are cut. What is not a FlotillaError goes as `toFlotillaError` has it.
 * Stack traces never leave the process. Never throws.
 */
export function encodeError(error: unknown, bytesMax: number = ENCODED_ERROR_BYTES_MAX): Uint8Array {
  const known = toFlotillaError(error);
  for (let divisor = 1; ; divisor *= 2) {
    const json = encoder.encode(JSON.stringify(wireError(known, divisor)));
    if (json.length < bytesMax) {
      const bytes = new Uint8Array(1 + json.length);
      bytes[0] = FORMAT_VERSION;
      bytes.set(json, 1);
      return bytes;
    }
  }
}

/** The error with its texts cut at their limits divided by `divisor`: JSON can take six bytes for one character. */
function wireError(error: FlotillaError, divisor: number): WireError {
  const details: Record<string, string | number> = {};
  const kinds: Readonly<Record<string, DetailKind>> = ERROR_CODES[error.code].details;
  const given = error.details as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(kinds)) {
    const value = given[key];
    if (typeof value === 'string') details[key] = cut(value, DETAIL_CHARACTERS_MAX / divisor);
    else if (typeof value === 'number' && Number.isFinite(value)) details[key] = value;
  }
  return {
    code: error.code,
    message: cut(messageWithoutCode(error), MESSAGE_CHARACTERS_MAX / divisor),
    outcome: error.outcome,
    details,
    ...(error.cause === undefined ? {} : { cause: cut(textOf(error.cause), CAUSE_CHARACTERS_MAX / divisor) }),
  };
}

/**
 * The error that `bytes` carry. Never throws: what cannot be decoded, is too long, or has a code or details that this
 * version does not know becomes `Internal` with an unknown outcome and says so.
 */
export function decodeError(bytes: Uint8Array): FlotillaError {
  if (bytes.length === 0 || bytes.length > ENCODED_ERROR_BYTES_MAX) return undecodable(`${bytes.length} bytes`);
  if (bytes[0] !== FORMAT_VERSION)
    return undecodable(`its format has version ${bytes[0]}, this side reads ${FORMAT_VERSION}`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes.subarray(1)));
  } catch (cause) {
    return undecodable('it is not JSON', cause);
  }
  if (!isRecord(value)) return undecodable('it is not an object');
  const { code, message, outcome, details, cause } = value;
  if (typeof code !== 'string' || typeof message !== 'string' || !isRecord(details)) {
    return undecodable('a part is missing');
  }
  if (outcome !== 'definite' && outcome !== 'unknown')
    return undecodable('its outcome is neither definite nor unknown');
  if (!isErrorCode(code)) return undecodable(`this version does not know the code ${cut(code, 64)} (${message})`);
  const checked = checkedDetails(code, details);
  if (checked === undefined) return undecodable(`the details of ${code} are not what they should be (${message})`);
  return new FlotillaError(code, {
    message,
    details: checked,
    outcome,
    ...(typeof cause === 'string' ? { cause: new Error(cause) } : {}),
  });
}

/**
 * Any thrown value as a FlotillaError: one of ours as it is, an `AbortError` as `Aborted`, a `TimeoutError` as `Timeout`,
 * everything else as `Internal` with the value as cause.
 */
export function toFlotillaError(error: unknown): FlotillaError {
  if (isFlotillaError(error) && isErrorCode(error.code)) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new FlotillaError('Aborted', { message: error.message, details: {}, cause: error });
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new FlotillaError('Timeout', {
      message: error.message,
      details: { operation: 'unknown', ms: 0 },
      cause: error,
    });
  }
  const reason = textOf(error);
  return new FlotillaError('Internal', { message: reason, details: { reason }, cause: error });
}

function undecodable(reason: string, cause?: unknown): FlotillaError<'Internal'> {
  return new FlotillaError('Internal', {
    message: `the other side sent an error that cannot be read: ${reason}`,
    details: { reason: 'undecodable error' },
    outcome: 'unknown',
    cause,
  });
}

function checkedDetails<C extends ErrorCode>(
  code: C,
  given: Readonly<Record<string, unknown>>,
): ErrorDetails[C] | undefined {
  const kinds: Readonly<Record<string, DetailKind>> = ERROR_CODES[code].details;
  const details: Record<string, string | number> = {};
  for (const [key, kind] of Object.entries(kinds)) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (value === undefined) {
      if (!kind.endsWith('?')) return undefined;
    } else if (typeof value === 'string') {
      if (!kind.startsWith('string') || value.length > DECODED_DETAIL_CHARACTERS_MAX) return undefined;
      details[key] = value;
    } else if (typeof value === 'number') {
      if (!kind.startsWith('number')) return undefined;
      details[key] = value;
    } else {
      return undefined;
    }
  }
  // Every key of the code's kinds was held against its kind above, which the compiler holds against ErrorDetails.
  return details as unknown as ErrorDetails[C];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageWithoutCode(error: FlotillaError): string {
  const prefix = `${error.code}: `;
  return error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
}

function textOf(value: unknown): string {
  try {
    return value instanceof Error ? value.message || value.name : String(value);
  } catch {
    return 'a thrown value without a text';
  }
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}
