export { assertNever, invariant, InvariantViolation, maybe } from './invariant.js';
export { type ErrorCode, type ErrorDetails, FlotillaError, type FlotillaErrorOptions, isFlotillaError, type Outcome } from './flotilla-error.js';
