/** The name that every node's certificate carries: what is asked for where nodes are dialled at whatever address. */
export const NODE_CERTIFICATE_NAME = 'node.flotilla';
/** The name that every client's certificate carries. Whoever shows it alone never speaks as a node. */
export const CLIENT_CERTIFICATE_NAME = 'client.flotilla';

const RESERVED_SUFFIX = '.flotilla';
const NODE_ID_NAME = /^node-([1-9]\d{0,15})\.node\.flotilla$/;

/** The name that binds a certificate to one node of the cluster. @param id from 1 on */
export function nodeCertificateName(id: number): string {
  return `node-${id}.${NODE_CERTIFICATE_NAME}`;
}

/** Whether a name says what its bearer is in a cluster: `flotilla` and all below it. No host has such a name. */
export function isReservedName(name: string): boolean {
  const lower = name.toLowerCase().replace(/\.$/, '');
  return lower === RESERVED_SUFFIX.slice(1) || lower.endsWith(RESERVED_SUFFIX);
}

/**
 * What a certificate says of its bearer, by its names.
 *
 * `unnamed`: it carries no name below `flotilla`; its authority has other rules, and it is judged by chain and pins alone.
 * `node`: it may speak as a node, where `nodeIds` is not empty as one of these only. `other`: it may not speak as a node.
 */
export type CertificateClaims =
  | { readonly kind: 'unnamed' }
  | { readonly kind: 'node'; readonly nodeIds: readonly number[] }
  | { readonly kind: 'other' };

/** Reads the names of a certificate; letters of either case are the same (RFC 4343). */
export function certificateClaims(names: readonly string[]): CertificateClaims {
  const reserved = names.filter(isReservedName).map((name) => name.toLowerCase().replace(/\.$/, ''));
  if (reserved.length === 0) return { kind: 'unnamed' };
  const bindings = reserved.filter((name) => name.endsWith(`.${NODE_CERTIFICATE_NAME}`));
  const nodeIds = bindings.map((name) => Number(NODE_ID_NAME.exec(name)?.[1]));
  // A binding that cannot be read binds to no node, rather than to any.
  if (!nodeIds.every((id) => Number.isSafeInteger(id))) return { kind: 'other' };
  if (nodeIds.length === 0 && !reserved.includes(NODE_CERTIFICATE_NAME)) return { kind: 'other' };
  return { kind: 'node', nodeIds: [...new Set(nodeIds)].toSorted((a, b) => a - b) };
}
