import { type Deno, isNotCapable } from './deno.js';
import { notPermitted } from './not-permitted.js';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The variables that this program may see: on Node all, on Deno those that `--allow-env` names, and nothing is asked for beyond them.
 * Where no listing is allowed, only `names` are looked at.
 *
 * @throws {FlotillaError} InvalidConfig when Deno was told nothing of the FLOTILLA_ variables: one that is set must not be overlooked
 */
export function visibleEnvironment(
  all: Environment,
  names: readonly string[],
  deno: Pick<Deno, 'permission'> | undefined,
): Environment {
  const listing = deno?.permission({ name: 'env' }) ?? 'granted';
  if (listing === 'granted') return all;
  if (listing === 'denied') {
    try {
      // What --ignore-env hides is absent from the listing.
      return { ...all };
    } catch (error) {
      if (!isNotCapable(error)) throw error;
    }
  }
  const state = (variable: string): string | undefined => deno?.permission({ name: 'env', variable });
  if (names.some((name) => state(name) === 'prompt')) throw notPermitted(['--allow-env=FLOTILLA_*']);
  return Object.fromEntries(names.filter((name) => state(name) === 'granted').map((name) => [name, all[name]]));
}
