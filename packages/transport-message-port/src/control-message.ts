import { isPort, type PortLike } from './port.js';

/** What a context and its hub say to each other over the port between them. `id` joins an answer to its question. */
export type ControlMessage =
  | { readonly kind: 'listen'; readonly id: number; readonly name: string }
  | { readonly kind: 'unlisten'; readonly name: string }
  | { readonly kind: 'connect'; readonly id: number; readonly name: string; readonly port: PortLike }
  /** From the hub: a port whose other end dialled `name`; `from` is what the hub calls the context that did. */
  | { readonly kind: 'dialled'; readonly name: string; readonly from: string; readonly port: PortLike }
  /** From the hub: what was asked is done, or not. */
  | { readonly kind: 'answer'; readonly id: number; readonly done: boolean }
  /** From the hub: is anybody there? */
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' };

/** The message in `data`, or undefined where it is none: a page may post what it likes. */
export function controlMessage(data: unknown): ControlMessage | undefined {
  if (typeof data !== 'object' || data === null || !('kind' in data)) return undefined;
  const { kind } = data;
  const id = 'id' in data && Number.isSafeInteger(data.id) ? Number(data.id) : undefined;
  const name = 'name' in data && typeof data.name === 'string' ? data.name : undefined;
  const port = 'port' in data && isPort(data.port) ? data.port : undefined;
  switch (kind) {
    case 'listen':
      return id === undefined || name === undefined ? undefined : { kind, id, name };
    case 'unlisten':
      return name === undefined ? undefined : { kind, name };
    case 'connect':
      return id === undefined || name === undefined || port === undefined ? undefined : { kind, id, name, port };
    case 'dialled':
      return name === undefined || port === undefined || !('from' in data)
        ? undefined
        : { kind, name, from: String(data.from), port };
    case 'answer':
      return id === undefined || !('done' in data) ? undefined : { kind, id, done: data.done === true };
    case 'ping':
    case 'pong':
      return { kind };
    default:
      return undefined;
  }
}
