import { QuicError } from '../errors.js';
import { CLOSE_KINDS, type CloseKind } from '../framing/control-frames.js';
import type { NativeClose } from '../native/native-session.js';
import type { CloseInfo } from '../session.js';

/** How a session ended. */
export type Ending =
  | { readonly type: 'closed'; readonly info: CloseInfo }
  | { readonly type: 'failed'; readonly error: QuicError };

/** Bytes of UTF-8 that a reason may have (W3C WebTransport, the close method). */
export const MAX_REASON_BYTES = 1024;

/** The CONNECTION_CLOSE code of raw QUIC; the kind is added. What was said with it stands in the reason, as "code:reason". */
const QUIC_CLOSE = 0x51_54_50_00;

/** A whole close info: the reason is cut after at most 1,024 bytes, as the specification has it. @throws QuicError `InvalidArgument` */
export function closeInfo(info: Partial<CloseInfo>): CloseInfo {
  const { closeCode = 0, reason = '' } = info;
  if (!Number.isInteger(closeCode) || closeCode < 0 || closeCode > 0xffff_ffff) {
    throw new QuicError('InvalidArgument', `closeCode ${closeCode} is no unsigned 32-bit integer`);
  }
  return { closeCode, reason: cutText(reason, MAX_REASON_BYTES) };
}

/** What goes into CONNECTION_CLOSE, for a peer that the control stream no longer reaches. */
export function quicClose(kind: CloseKind, info: CloseInfo): { readonly code: number; readonly reason: string } {
  return { code: QUIC_CLOSE + CLOSE_KINDS.indexOf(kind), reason: `${info.closeCode}:${info.reason}` };
}

/** The session's end by the end of what carries it, whose codes are the application's own: a WebTransport session. */
export function endingOf(close: NativeClose): Ending {
  if (close.by === 'timeout' || close.by === 'error') return { type: 'failed', error: connectionError(close) };
  return { type: 'closed', info: { closeCode: clamp(close.code), reason: cutText(close.reason, MAX_REASON_BYTES) } };
}

/** The same of raw QUIC, where codes of CONNECTION_CLOSE say the kind as well (`quicClose`); `side` is this side's. */
export function quicEndingOf(close: NativeClose, side: 'client' | 'server'): Ending {
  const said = close.by === 'local' || close.by === 'peer';
  const kind = said ? CLOSE_KINDS[close.code - QUIC_CLOSE] : undefined;
  if (kind === undefined) return endingOf(close);
  const colon = close.reason.indexOf(':');
  const code = Number(close.reason.slice(0, Math.max(colon, 0)));
  return peerEnding(kind, clamp(code), close.reason.slice(colon + 1), side);
}

/** The session's end by the peer's word; `side` is this side's. */
export function peerEnding(kind: CloseKind, code: number, reason: string, side: 'client' | 'server'): Ending {
  switch (kind) {
    case 'application':
      return { type: 'closed', info: { closeCode: code, reason: cutText(reason, MAX_REASON_BYTES) } };
    case 'violation':
      return { type: 'failed', error: new QuicError('ProtocolViolation', `the peer closed the session: ${reason}`) };
    case 'refused':
      return { type: 'failed', error: refusedBy(side, reason) };
    case 'timeout':
      return { type: 'failed', error: new QuicError('IdleTimeout', `the peer closed the session: ${reason}`) };
  }
}

/** The error of streams and calls of a session that has ended. */
export function errorOf(ending: Ending): QuicError {
  if (ending.type === 'failed') return ending.error;
  const { closeCode, reason } = ending.info;
  return new QuicError(
    'SessionClosed',
    `the session is closed: code ${closeCode}${reason === '' ? '' : `, ${reason}`}`,
  );
}

function refusedBy(side: 'client' | 'server', reason: string): QuicError {
  return side === 'client'
    ? new QuicError('ClientCertificateRefused', `the server refused this side: ${reason}`)
    : new QuicError('PeerUnproven', `the client refused this side's proof: ${reason}`);
}

function connectionError(close: NativeClose): QuicError {
  if (close.error instanceof QuicError) return close.error;
  return new QuicError('ConnectionLost', `the connection failed: ${close.reason}`, { cause: close.error });
}

function clamp(code: number): number {
  return Number.isInteger(code) && code >= 0 && code <= 0xffff_ffff ? code : 0;
}

/** The longest beginning of a text that has at most so many bytes of UTF-8. */
function cutText(text: string, maxBytes: number): string {
  const encoded = new Uint8Array(maxBytes);
  const { read } = new TextEncoder().encodeInto(text, encoded);
  return text.slice(0, read).toWellFormed();
}
