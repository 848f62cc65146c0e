// The listener for pages as a process on Deno: orders as JSON in the arguments, ports as a line of JSON on standard output.
import type { ListenerOrder } from './web-transport-listener.js';
import { startWebTransportListener } from './web-transport-listener.js';

declare const Deno: { readonly args: readonly string[] };

const orders = JSON.parse(Deno.args[0] ?? '[]') as readonly ListenerOrder[];
const listeners = await Promise.all(orders.map((order) => startWebTransportListener(order)));
console.log(JSON.stringify(listeners.map(({ address }) => address.port)));
