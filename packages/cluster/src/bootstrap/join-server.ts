import { toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { METADATA_GROUP } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import { negotiateVersion, WIRE_VERSIONS } from '@flotilla/wire';
import { judgeRequestedId } from '../liveness/hello-judgement.js';
import type { Requester } from '../liveness/requester.js';
import { groupsMissing } from '../membership/placement-step.js';
import type { ClusterView } from '../metadata/cluster-view.js';
import type { MetadataEntry } from '../metadata/metadata-entry.js';
import { leaderUnknown } from '../metadata/through-leader.js';
import type { MetadataOutcome } from '../metadata/metadata-proposals.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import type { ForwardedJoin, JoinAnswer, JoinRequest } from './join-request.js';

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
  /** Passes a join on to the node that leads group 0. */
  readonly passOn: (join: ForwardedJoin, signal: AbortSignal) => Promise<JoinAnswer>;
  /** Targets changed: groups are to take the node in. */
  readonly place: () => void;
}

/** How long a joiner's groups may take to let it in, all together (ms). */
export const JOIN_APPLIED_TIMEOUT_MS = 5_000;
/** A member that passes a join on waits so long: longer than the leader for groups, and less than the joiner (ms). */
export const FORWARDED_JOIN_TIMEOUT_MS = 6_500;

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
    this.#checkReady();
    if (!this.#options.acting()) throw this.#redirect(from.remote.address);
    return this.#admit(judge(request, from), signal);
  }

  /**
   * Lets in here where this node leads group 0; else has its leader do it, since the joiner said that it cannot ask there.
   *
   * @throws what `join` throws; Unreachable where this node cannot ask there either
   */
  async forward(request: JoinRequest, from: Requester, signal: AbortSignal): Promise<JoinAnswer> {
    this.#checkReady();
    const join = judge(request, from);
    return this.#options.acting() ? this.#admit(join, signal) : this.#options.passOn(join, signal);
  }

  /** Lets in whom a member judged and passed on. @throws what `join` throws */
  async joinForwarded(join: ForwardedJoin, from: Requester, signal: AbortSignal): Promise<JoinAnswer> {
    this.#checkReady();
    if (!this.#options.acting()) throw this.#redirect(from.remote.address);
    return this.#admit(join, signal);
  }

  #checkReady(): void {
    const reason = this.#options.notReady();
    if (reason !== undefined) throw notReady(reason);
  }

  async #admit({ request, spkiPins }: ForwardedJoin, signal: AbortSignal): Promise<JoinAnswer> {
    const { view, propose, place } = this.#options;
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
    if (leader === undefined) return leaderUnknown(METADATA_GROUP);
    const { node, addresses } = leader;
    const address = addresses.find((each) => schemeOf(each) === schemeOf(joiner)) ?? addresses[0];
    const details = { group: METADATA_GROUP, leader: node };
    if (address === undefined) {
      return new FlotillaError('NotLeader', {
        message: `node ${node} leads group 0, and cannot be dialled: have a member forward`,
        details,
      });
    }
    return new FlotillaError('NotLeader', {
      message: `ask node ${node} at ${address}, which leads group 0`,
      details: { ...details, address },
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

/** Who the joiner is, by what its own connection shows. @throws IncompatibleVersion, Unauthorized */
function judge(request: JoinRequest, from: Requester): ForwardedJoin {
  negotiateVersion(WIRE_VERSIONS, request.node.versions);
  judgeRequestedId(request.node.id, from.remote);
  const shown = from.remote.tls?.spkiSha256;
  return { request, spkiPins: shown === undefined ? [] : [toHex(shown)] };
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
