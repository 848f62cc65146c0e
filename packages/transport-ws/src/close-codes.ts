import { FlotillaError } from '@flotilla/errors';
import type { CloseReason } from '@flotilla/transport';

/** Closed in good order. */
export const CLOSE_NORMAL = 1000;
/** In good order as well: a page or process goes away. */
const CLOSE_GOING_AWAY = 1001;
/** Closed because something broke, where the interface has no other way to break: the first of the private codes. */
export const CLOSE_BROKEN = 4000;

/** What a WebSocket's close code says. @param ended Whether this side had closed it. */
export function closeReason(address: string, code: number, ended: boolean, error?: Error): CloseReason {
  const orderly = code === CLOSE_NORMAL || code === CLOSE_GOING_AWAY;
  if (orderly && error === undefined) return { by: ended ? 'local' : 'remote', error: undefined };
  return {
    by: 'broken',
    error:
      error ??
      new FlotillaError('ConnectionClosed', {
        message: `the connection with ${address} broke (WebSocket close code ${code})`,
        details: { address },
      }),
  };
}
