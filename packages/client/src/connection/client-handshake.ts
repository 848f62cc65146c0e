import { FlotillaError } from '@flotilla/errors';
import type { Handshake } from '@flotilla/transport';
import { decodeHello, decodeRefusal, encodeHello, encodeRefusal, WIRE_VERSIONS } from '@flotilla/wire';

/** The handshake of a client: it has no node id, and refuses nodes of another cluster than the one it belongs to. */
export function clientHandshake(clusterId: () => string | undefined): Handshake {
  return {
    hello: () =>
      encodeHello({
        role: 'client',
        versions: WIRE_VERSIONS,
        clusterId: clusterId(),
        nodeId: 0,
        incarnation: undefined,
        clusterEpoch: 0,
        hostEpoch: 0,
        addresses: [],
        capabilities: [],
      }),
    verify: (bytes, remote) => {
      const theirs = decodeHello(bytes).clusterId;
      const ours = clusterId();
      if (ours === undefined || theirs === undefined || ours === theirs) return;
      throw new FlotillaError('WrongCluster', {
        message: `${remote.address} belongs to cluster ${theirs}, this client to ${ours}; check the endpoints`,
        details: { ours, theirs },
      });
    },
    refusal: encodeRefusal,
    refused: (bytes) => decodeRefusal(bytes),
  };
}
