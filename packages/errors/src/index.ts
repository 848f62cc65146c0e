export { type DetailKind, type DetailKinds, ERROR_CODES, type ErrorCodeInfo, isErrorCode } from './error-codes.js';
export {
  type ErrorCode,
  type ErrorDetails,
  FlotillaError,
  type FlotillaErrorOptions,
  isFlotillaError,
  type Outcome,
} from './flotilla-error.js';
export { assertNever, invariant, InvariantViolation, maybe } from './invariant.js';
export { decodeError, encodeError, ENCODED_ERROR_BYTES_MAX, toFlotillaError } from './wire-form.js';
