import { FlotillaError } from '@flotilla/errors';

/** The error for permissions that Deno was not started with: it names the flags to add. */
export function notPermitted(flags: readonly string[]): FlotillaError<'InvalidConfig'> {
  const reason = `Deno was started without permissions that this needs; add ${flags.join(' ')} to "deno run"`;
  return new FlotillaError('InvalidConfig', { message: reason, details: { key: 'permissions', reason } });
}
