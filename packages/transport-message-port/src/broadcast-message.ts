/** What contexts say to each other over one BroadcastChannel. `from` and `to` are ids of rendezvous; `connection` was given by who dialled. */
export type BroadcastMessage =
  /** To all: the name is mine, unless somebody says otherwise. */
  | { readonly kind: 'claim'; readonly from: string; readonly name: string }
  | { readonly kind: 'taken'; readonly from: string; readonly to: string; readonly name: string }
  /** To all: whoever listens on the name, answer. */
  | { readonly kind: 'connect'; readonly from: string; readonly name: string; readonly connection: string }
  | { readonly kind: 'connected'; readonly from: string; readonly to: string; readonly connection: string }
  | {
      readonly kind: 'data';
      readonly from: string;
      readonly to: string;
      readonly connection: string;
      readonly data: unknown;
    }
  | { readonly kind: 'gone'; readonly from: string; readonly to: string; readonly connection: string };

/** The message in `data`, or undefined where it is none: any script of the origin may post to the channel. */
export function broadcastMessage(data: unknown): BroadcastMessage | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const fields = data as Readonly<Record<string, unknown>>;
  const { kind, from, to, name, connection } = fields;
  if (typeof from !== 'string') return undefined;
  switch (kind) {
    case 'claim':
      return typeof name === 'string' ? { kind, from, name } : undefined;
    case 'taken':
      return typeof name === 'string' && typeof to === 'string' ? { kind, from, to, name } : undefined;
    case 'connect':
      return typeof name === 'string' && typeof connection === 'string' ? { kind, from, name, connection } : undefined;
    case 'connected':
    case 'gone':
      return typeof connection === 'string' && typeof to === 'string' ? { kind, from, to, connection } : undefined;
    case 'data':
      return typeof connection === 'string' && typeof to === 'string'
        ? { kind, from, to, connection, data: fields['data'] }
        : undefined;
    default:
      return undefined;
  }
}
