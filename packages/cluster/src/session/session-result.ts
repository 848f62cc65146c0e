import { decodeError, encodeError, FlotillaError } from '@flotilla/errors';

const OK = 0;
const FAILED = 1;

/** The bytes of a result of the wrapped state machine: a leading 0, then the result. */
export function okResult(inner: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + inner.length);
  bytes[0] = OK;
  bytes.set(inner, 1);
  return bytes;
}

/** The result of an entry that gives none, such as one that opens a session. */
export const EMPTY_RESULT: Uint8Array = new Uint8Array([OK]);

/** The bytes of a refusal: a leading 1, then the error in its wire form. */
export function failedResult(error: FlotillaError): Uint8Array {
  const encoded = encodeError(error);
  const bytes = new Uint8Array(1 + encoded.length);
  bytes[0] = FAILED;
  bytes.set(encoded, 1);
  return bytes;
}

/**
 * What a group with sessions answered to a command: the result of its state machine, as a view.
 *
 * @throws SessionExpired, or another error that the group answered; UnexpectedResponse for bytes that are no such result.
 */
export function decodeSessionResult(bytes: Uint8Array): Uint8Array {
  switch (bytes[0]) {
    case OK:
      return bytes.subarray(1);
    case FAILED:
      throw decodeError(bytes.subarray(1));
    default:
      throw new FlotillaError('UnexpectedResponse', {
        message: 'the result is none of a group with sessions',
        details: { from: 'state machine' },
      });
  }
}
