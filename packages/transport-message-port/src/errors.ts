import { FlotillaError } from '@flotilla/errors';

/** @returns the error for a name that nobody listens on. */
export function unreachable(name: string): FlotillaError<'Unreachable'> {
  const address = `port://${name}`;
  return new FlotillaError('Unreachable', { message: `nobody listens on ${address}`, details: { address } });
}

/** @returns the error for a name that another listens on. */
export function addressInUse(name: string): FlotillaError<'AddressInUse'> {
  const address = `port://${name}`;
  return new FlotillaError('AddressInUse', {
    message: `${address} has a listener already: names are unique in a hub or channel`,
    details: { address },
  });
}
