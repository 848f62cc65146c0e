// The other end of a message port: a thread that is told its port, and says when it listens.
import { parentPort } from 'node:worker_threads';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { hubRendezvous, messagePortTransport } from '@flotilla/transport-message-port';
import { listenOn, PORT_ADDRESS, type PortServerPlan } from './carriers.js';
import { serveRawPort } from './raw-port.js';

parentPort?.once('message', (plan: PortServerPlan) => void serve(plan));

async function serve({ carrier, port }: PortServerPlan): Promise<void> {
  if (carrier === 'raw-port') serveRawPort(port);
  else await listenOn(messagePortTransport({ runtime, rendezvous: hubRendezvous(port) }), PORT_ADDRESS);
  parentPort?.postMessage('ready');
}
