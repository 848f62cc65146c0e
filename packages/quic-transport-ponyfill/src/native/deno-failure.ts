import { isQuicError, QuicError } from '../errors.js';
import type { NativeClose } from './native-session.js';
import { tlsFailure } from './tls-failure.js';

/** What Deno says of a stream's failure is text: "stream reset by peer: error 55", "sending stopped by peer: error 55". */
export function streamError(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  const message = messageOf(error);
  const [, kind, code] = /(reset|stopped) by peer: error (\d+)/u.exec(message) ?? [];
  if (kind === undefined) return sessionError(error);
  return new QuicError(kind === 'reset' ? 'StreamReset' : 'StreamStopped', message, {
    source: 'stream',
    streamErrorCode: Number(code),
    cause: error,
  });
}

/** The connection ended under a call. */
export function sessionError(error: unknown): QuicError {
  return new QuicError('SessionClosed', `the connection has ended: ${messageOf(error)}`, { cause: error });
}

/** "aborted by peer: the cryptographic handshake failed: error 48", "timed out", "closed by peer: reason (code 7)". */
export function closeOf(error: unknown, refuser: 'this side' | 'the peer'): NativeClose {
  const message = messageOf(error);
  if (/timed out/u.test(message)) {
    const cause = new QuicError('IdleTimeout', 'nothing came from the peer for too long');
    return { by: 'timeout', code: 0, reason: message, error: cause };
  }
  const failure = handshakeFailure(message, refuser);
  return {
    by: 'error',
    code: 0,
    reason: message,
    error: failure ?? new QuicError('ConnectionLost', `the connection failed: ${message}`, { cause: error }),
  };
}

/** Why no connection came to be. */
export function failureOf(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  const message = messageOf(error);
  const refuser = message.startsWith('aborted by peer') ? 'the peer' : 'this side';
  return handshakeFailure(message, refuser) ?? connectFailure(message, error);
}

function connectFailure(message: string, cause: unknown): QuicError {
  const code =
    cause instanceof TypeError || /certificate|private key|PEM/iu.test(message) ? 'InvalidArgument' : 'ConnectFailed';
  return new QuicError(code, message, { cause });
}

function handshakeFailure(message: string, refuser: 'this side' | 'the peer'): QuicError | undefined {
  const [, alert, detail] = /cryptographic handshake failed: error (\d+)(?:: (.*))?/su.exec(message) ?? [];
  if (alert === undefined) return undefined;
  return tlsFailure(Number(alert), refuser, detail ?? '');
}

/** The text of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
