import { FlotillaError } from '@flotilla/errors';

/** There is no link to the node: what was to be sent was not. */
export function notConnected(node: number): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', {
    message: `there is no connection to node ${node}`,
    details: { address: `node ${node}` },
    outcome: 'definite',
  });
}

/** Who is behind the address does what it must not, or is not what it should be. */
export function unexpected(address: string, what: string): FlotillaError<'UnexpectedResponse'> {
  return new FlotillaError('UnexpectedResponse', { message: `${address} ${what}`, details: { from: address } });
}

/** Others may be there that this node can speak to: not a mistake in itself, where a cluster has several transports. */
export function cannotDial(address: string): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', {
    message: `${address} cannot be dialled: this node has no transport for it`,
    details: { address },
    outcome: 'definite',
  });
}

/** Nobody answered at the address in time. */
export function dialTimeout(address: string, ms: number): FlotillaError<'Timeout'> {
  return new FlotillaError('Timeout', {
    message: `${address} did not answer a dial within ${ms} ms`,
    details: { operation: 'dial', ms },
    outcome: 'definite',
  });
}

/** This node is told to listen where it cannot. */
export function noTransport(address: string): FlotillaError<'InvalidConfig'> {
  const reason = `no transport carries ${address}`;
  return new FlotillaError('InvalidConfig', { message: reason, details: { key: 'transports', reason } });
}

/** A snapshot stream has nobody here that takes it, or comes from a node that is not admitted. */
export function takesNoSnapshots(): FlotillaError<'NotReady'> {
  const reason = 'this node does not take snapshots yet';
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}
