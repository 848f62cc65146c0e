import { isFlotillaError } from '@flotilla/errors';

/** How often a snapshot is read until it is given up. */
const ATTEMPTS = 5;
/** Pause before the second attempt, doubled each time (ms). */
const PAUSE_MS = 200;

/**
 * Restores a state machine from a snapshot, and calls `done` at once, with nothing awaited in between. A read that fails is tried again: unlike a
 * failed write it leaves nothing in doubt, and a state machine takes all of a snapshot or nothing. Damage, and whatever else, is not.
 */
export async function restoreInAttempts(
  restore: () => Promise<void>,
  pause: (ms: number) => Promise<void>,
  done: () => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await restore();
      break;
    } catch (error) {
      if (!isFlotillaError(error, 'StorageFailed') || attempt === ATTEMPTS) throw error;
    }
    await pause(PAUSE_MS * 2 ** (attempt - 1));
  }
  done();
}
