import { FlotillaError } from '@flotilla/errors';
import { overloaded } from '@flotilla/transport/multiplex';

/** With what a QUIC connection is closed (the application's code of CONNECTION_CLOSE, RFC 9000 section 19.19). */
export const CloseCode = {
  /** In good order; what a page sends as it goes away, too. */
  NORMAL: 0,
  /** Something broke. */
  BROKEN: 1,
  /** The listener takes no more connections. */
  FULL: 2,
} as const;

/** What a close code of the other side says; undefined: that all is in good order. */
export function closeError(address: string, code: number, reason: string): Error | undefined {
  const why = reason === '' ? '' : `: ${reason}`;
  switch (code) {
    case CloseCode.NORMAL:
      return undefined;
    case CloseCode.FULL:
      return overloaded(`connections of ${address}`, 0);
    default:
      return new FlotillaError('ConnectionClosed', {
        message: `the connection with ${address} broke (close code ${code}${why})`,
        details: { address },
      });
  }
}
