import type { TransportEvent } from '@flotilla/transport';
import type { Logger } from './logger.js';

/**
 * Logs what a transport reports. Peers can cause most of it as often as they like, so that it is for who looks for it (debug); a port that is not
 * served any more is the operator's to know of.
 */
export function logTransportEvent(logger: Logger, event: TransportEvent): void {
  if (event.type === 'listener-failed') logger.warn(`transport.${event.type}`, { ...event });
  else logger.debug(`transport.${event.type}`, { ...event });
}
