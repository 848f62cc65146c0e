import { FlotillaError } from '@flotilla/errors';
import { isQuicError, type QuicError } from '@flotilla/quic-transport-ponyfill';
import { asError, invalidConfig, malformedFrame } from '@flotilla/transport/multiplex';

/** @returns why a session did not come to be, or ended, as one of the typed errors. @param url The address of the other side. */
export function sessionError(url: string, error: unknown): Error {
  return isQuicError(error) ? quicError(url, error) : asError(error);
}

/**
 * @returns the same of a dial: what ended before it was open was not reached. Where this side has no QUIC nobody can be reached by it, and others
 * may be by other transports: not a mistake that ends a join.
 */
export function dialError(url: string, error: unknown): Error {
  if (isQuicError(error, 'NativeLibraryMissing', 'Unsupported')) {
    return unreachable(url, `cannot be dialled here: ${error.message}`, error);
  }
  if (isQuicError(error, 'SessionClosed', 'IdleTimeout', 'ConnectionLost', 'StreamReset', 'StreamStopped')) {
    return unreachable(url, `closed the connection before it was open: ${error.message}`, error);
  }
  return sessionError(url, error);
}

function unreachable(url: string, what: string, cause: QuicError): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', { message: `${url} ${what}`, details: { address: url }, cause });
}

function quicError(url: string, error: QuicError): Error {
  switch (error.code) {
    case 'CertificateUntrusted':
    case 'CertificateNameMismatch':
    case 'CertificateExpired':
    case 'ClientCertificateRequired':
    case 'ClientCertificateRefused':
    case 'PeerUnproven':
      return new FlotillaError('Unauthorized', {
        message: `${url}: its certificate, or ours, was not accepted (${error.code}: ${error.message})`,
        details: { reason: error.code },
        cause: error,
      });
    case 'NativeLibraryMissing':
    case 'Unsupported':
    case 'InvalidArgument':
      return invalidConfig('quic', `${url}: ${error.message}`, error);
    case 'ProtocolViolation':
      return malformedFrame(url, error.message, error);
    case 'ListenFailed':
      return listenError(url, error);
    case 'IdleTimeout':
    case 'ConnectionLost':
    case 'SessionClosed':
    case 'StreamReset':
    case 'StreamStopped':
      return new FlotillaError('ConnectionClosed', {
        message: `the connection with ${url} broke: ${error.message}`,
        details: { address: url },
        cause: error,
      });
    case 'ConnectTimeout':
    case 'ConnectFailed':
    case 'AlpnMismatch':
    case 'HelloTimeout':
      return unreachable(url, `cannot be reached: ${error.message}`, error);
  }
}

function listenError(url: string, error: QuicError): Error {
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE' || /EADDRINUSE|address (already )?in use/i.test(error.message)) {
    return new FlotillaError('AddressInUse', {
      message: `${url} is taken by another process; choose another port, or 0 for any`,
      details: { address: url },
      cause: error,
    });
  }
  return invalidConfig('listen', `cannot bind ${url}: ${error.message}`, error);
}
