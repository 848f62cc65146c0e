import { FlotillaError } from '@flotilla/errors';
import type { VersionRange } from '../format-constants.js';

/**
 * The highest version that both sides speak.
 *
 * @throws {FlotillaError} IncompatibleVersion, naming both ranges, where there is none.
 */
export function negotiateVersion(ours: VersionRange, theirs: VersionRange): number {
  const version = Math.min(ours.max, theirs.max);
  if (version >= ours.min && version >= theirs.min) return version;
  const [oursText, theirsText] = [rangeText(ours), rangeText(theirs)];
  throw new FlotillaError('IncompatibleVersion', {
    message: `this side speaks wire versions ${oursText}, the other ${theirsText}: none in common. Upgrade the older side`,
    details: { ours: oursText, theirs: theirsText },
  });
}

function rangeText(range: VersionRange): string {
  return range.min === range.max ? String(range.min) : `${range.min}-${range.max}`;
}
