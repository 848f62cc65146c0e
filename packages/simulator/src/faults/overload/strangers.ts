import { isFlotillaError } from '@flotilla/errors';
import { Prng } from '@flotilla/runtime/virtual';
import type { Connection, Handshake } from '@flotilla/transport';
import type { MessageSocket } from '@flotilla/transport/memory';
import { decodeRefusal, encodeHello, encodeRefusal, type Hello, WIRE_VERSIONS } from '@flotilla/wire';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { chosen, drawMachine, drawSpread, struckMachine } from '../targets.js';

const STRANGER = 'stranger';
const FLOOD_CONNECTIONS = 40;
/** The kind of a first piece, and its magic number, "FLOT". */
const HELLO_BEGINNING = [0x01, 0x46, 0x4c, 0x4f, 0x54];
const DIAL_TIMEOUT_MS = 10_000;
/** As long as ids of clusters and incarnations are, in hexadecimal digits. */
const CLUSTER_ID_DIGITS = 32;
const INCARNATION_DIGITS = 16;

/** Somebody who speaks no protocol at all: random bytes, messages far too long, the beginning of a handshake and then anything. */
export const garbageFrames: Fault = {
  kind: 'garbage-frames',
  family: 'overload',
  everyMs: 6_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 500, 5_000),
    amount: prng.integer(1, 40),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node?.running === undefined) return;
    const prng = new Prng(`garbage/${action.number}/${action.choice}`);
    connect(cluster, action, node.address, (socket) => {
      for (let sent = 0; sent < action.amount; sent++) socket.send(garbage(prng));
      faultsInForce(cluster).tookEffect(action);
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** Many connections of which none ever says a word. */
export const connectionFlood: Fault = {
  kind: 'connection-flood',
  family: 'overload',
  everyMs: 20_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 500, 10_000),
    amount: FLOOD_CONNECTIONS,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node?.running === undefined) return;
    const sockets: MessageSocket[] = [];
    let over = false;
    for (let dialled = 0; dialled < action.amount; dialled++) {
      const opened = cluster.network.connectRaw(STRANGER, node.address).then((socket) => {
        if (over) return socket.destroy(new Error('the flood is over'));
        socket.attach({ message: () => undefined, sent: () => undefined, closed: () => undefined });
        sockets.push(socket);
        faultsInForce(cluster).tookEffect(action);
      });
      cluster.background('connection flood', opened);
    }
    faultsInForce(cluster).undoLater(action, () => {
      over = true;
      for (const socket of sockets) socket.destroy(new Error('the flood is over'));
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/**
 * A node of another cluster, or one that calls itself a member and has another disk, dials as a peer. It must be refused: being let in is a
 * violation.
 */
export const foreignPeer: Fault = {
  kind: 'foreign-peer',
  family: 'overload',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: 0,
    amount: prng.integer(0, 2),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    const { running } = node ?? {};
    if (node === undefined || running === undefined || running.clusterId === undefined) return;
    const prng = new Prng(`foreign/${action.number}/${action.choice}`);
    const member = chosen(
      action,
      [...running.topology().nodes.keys()].filter((id) => id !== running.nodeId),
    );
    const isImpostor = action.amount === 1 && member !== undefined;
    const hello = helloOf({
      clusterId: isImpostor ? running.clusterId : hexOf(prng, CLUSTER_ID_DIGITS),
      nodeId: isImpostor ? member : 1 + prng.integer(0, 5),
      incarnation: hexOf(prng, INCARNATION_DIGITS),
    });
    cluster.background('foreign peer', dialAs(cluster, action, node.address, hello));
  },
};

async function dialAs(cluster: SimulatedCluster, action: FaultAction, address: string, hello: Hello): Promise<void> {
  const bytes = encodeHello(hello);
  const handshake: Handshake = {
    hello: () => bytes,
    verify: () => undefined,
    refusal: encodeRefusal,
    refused: (refusal) => decodeRefusal(refusal),
  };
  const transport = cluster.network.transport(STRANGER, { runtime: cluster.director });
  const timeout = new AbortController();
  const timer = cluster.director.setTimer(DIAL_TIMEOUT_MS, () => timeout.abort(new Error('no answer')));
  try {
    letIn(cluster, await transport.dial(address, { handshake, signal: timeout.signal }), hello);
  } catch (error) {
    if (isRefusal(error)) faultsInForce(cluster).tookEffect(action);
    else cluster.story.note(`foreign peer: no answer: ${String(error)}`);
  } finally {
    timer.cancel();
    await transport.close();
  }
}

function letIn(cluster: SimulatedCluster, connection: Connection, { nodeId, clusterId }: Hello): void {
  cluster.background('stranger', connection.close());
  const who = `node ${nodeId} of cluster ${clusterId}, which is not who it says`;
  cluster.crashed(new Error(`a stranger was let in as a peer: ${who}`));
}

/** Whether the other side said no, and not the network. */
function isRefusal(error: unknown): boolean {
  return isFlotillaError(error) && ['WrongCluster', 'UnknownIncarnation', 'Unauthorized'].includes(error.code);
}

/** Dials without a handshake. The socket lasts until the action is undone, or the other side ends it. */
function connect(
  cluster: SimulatedCluster,
  action: FaultAction,
  address: string,
  use: (socket: MessageSocket) => void,
): void {
  let open: MessageSocket | undefined;
  let over = false;
  const dialled = cluster.network.connectRaw(STRANGER, address).then((socket) => {
    if (over) return socket.destroy(new Error('the fault is over'));
    open = socket;
    socket.attach({ message: () => undefined, sent: () => undefined, closed: () => undefined });
    use(socket);
  });
  cluster.background('stranger', dialled);
  faultsInForce(cluster).undoLater(action, () => {
    over = true;
    open?.destroy(new Error('the fault is over'));
  });
}

/** Anything; sometimes with the beginning of something that makes sense, to get a little further. */
function garbage(prng: Prng): Uint8Array {
  switch (prng.integer(0, 4)) {
    case 0:
      return prng.bytes(prng.integer(0, 2_000));
    case 1:
      return prng.bytes(100_000);
    case 2:
      return Uint8Array.from([...HELLO_BEGINNING, ...prng.bytes(prng.integer(0, 300))]);
    default:
      return Uint8Array.from([prng.integer(0, 64), ...prng.bytes(prng.integer(0, 64))]);
  }
}

function helloOf(who: Pick<Hello, 'clusterId' | 'nodeId' | 'incarnation'>): Hello {
  return {
    role: 'peer',
    versions: WIRE_VERSIONS,
    clusterEpoch: 0,
    hostEpoch: 1,
    addresses: [`mem://${STRANGER}:1`],
    capabilities: [],
    ...who,
  };
}

function hexOf(prng: Prng, digits: number): string {
  return Array.from({ length: digits }, () => prng.integer(0, 16).toString(16)).join('');
}
