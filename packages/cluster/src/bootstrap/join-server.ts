import { toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { METADATA_GROUP } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import { negotiateVersion, WIRE_VERSIONS } from '@flotilla/wire';
import { judgeRequestedId } from '../liveness/hello-judgement.js';
import type { Requester } from '../liveness/peer-links.js';
import { groupsMissing } from '../membership/placement-step.js';
import type { ClusterView } from '../metadata/cluster-view.js';
import type { MetadataEntry } from '../metadata/metadata-entry.js';
import type { MetadataOutcome } from '../metadata/metadata-proposals.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import type { JoinAnswer, JoinRequest } from './join-request.js';

/** What letting nodes in needs of its node. */
export interface JoinServerOptions {
  readonly runtime: Runtime;
  readonly view: ClusterView;
  /** Undefined: this node serves; else why it does not yet. */
  readonly notReady: () => string | undefined;
  /** Whether this node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** The leader of group 0 where it is known. */
  readonly leader: () => { readonly node: number; readonly addresses: readonly string[] } | undefined;
  readonly propose: (entry: MetadataEntry, options: WaitOptions) => Promise<MetadataOutcome>;
  /** Targets changed: groups are to take the node in. */
  readonly place: () => void;
}

/** How long a joiner's groups may take to let it in, all together (ms). */
export const JOIN_APPLIED_TIMEOUT_MS = 5_000;

/**
 * Lets nodes in: group 0 decides on the node, its id and its groups in one command; each group's own leader, wherever that is, takes it as a
 * learner; and only when all of them have reported so is the joiner answered. A retry finds the node known and waits for what is missing.
 */
export class JoinServer {
  readonly #options: JoinServerOptions;

  constructor(options: JoinServerOptions) {
    this.#options = options;
  }

  /** @throws NotReady, NotLeader (with an address to ask), IncompatibleVersion, Unauthorized, UnknownIncarnation, NodeIdCollision, InvalidArgument, Timeout */
  async join(request: JoinRequest, from: Requester, signal: AbortSignal): Promise<JoinAnswer> {
    const { view, acting, propose, place } = this.#options;
    const reason = this.#options.notReady();
    if (reason !== undefined) throw notReady(reason);
    if (!acting()) throw this.#redirect(from.remote.address);
    negotiateVersion(WIRE_VERSIONS, request.node.versions);
    judgeRequestedId(request.node.id, from.remote);
    const shown = from.remote.tls?.spkiSha256;
    const spkiPins = shown === undefined ? [] : [toHex(shown)];
    const { node } = await propose(
      {
        kind: 'topology',
        change: { kind: 'admit', request: { ...request.node, spkiPins }, learnerOf: request.learnerOf },
      },
      { signal },
    );
    place();
    await this.#untilPlaced(node, signal);
    return { node, metadata: view.state };
  }

  /** To an address of the leader of the scheme by which the joiner came, if there is one: it may speak no other. */
  #redirect(joiner: string): FlotillaError {
    const leader = this.#options.leader();
    if (leader === undefined) return notReady('no leader of group 0 is known here');
    const { node, addresses } = leader;
    const address = addresses.find((each) => schemeOf(each) === schemeOf(joiner)) ?? addresses[0];
    if (address === undefined) return notReady(`node ${node} leads group 0, and cannot be dialled`);
    return new FlotillaError('NotLeader', {
      message: `ask node ${node} at ${address}, which leads group 0`,
      details: { group: METADATA_GROUP, leader: node, address },
    });
  }

  #untilPlaced(node: number, signal: AbortSignal): Promise<void> {
    const { runtime, view } = this.#options;
    return new Promise((resolve, reject) => {
      const finish = (error: FlotillaError | undefined): void => {
        unwatch();
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = (): void => {
        if (groupsMissing(view.state, node).length === 0) finish(undefined);
      };
      const onAbort = (): void => finish(new FlotillaError('Aborted', { message: 'the joiner left', details: {} }));
      const unwatch = view.watch(look);
      const timer = runtime.setTimer(JOIN_APPLIED_TIMEOUT_MS, () =>
        finish(notPlaced(node, groupsMissing(view.state, node))),
      );
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      look();
    });
  }
}

function schemeOf(address: string): string {
  return address.slice(0, address.indexOf(':'));
}

function notPlaced(node: number, missing: readonly number[]): FlotillaError {
  return new FlotillaError('Timeout', {
    message:
      `node ${node} is known, but groups ${missing.join(', ')} did not take it in within ${JOIN_APPLIED_TIMEOUT_MS} ms. ` +
      'Ask again: what is done stays done',
    details: { operation: 'join', ms: JOIN_APPLIED_TIMEOUT_MS },
  });
}

function notReady(reason: string): FlotillaError {
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}
