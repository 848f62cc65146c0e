import type { Runtime, Timer } from '@flotilla/runtime';
import { decodeHostHeartbeat, encodeHostHeartbeat, type HostHeartbeat } from '@flotilla/wire';

/** What liveness needs of the links. */
export interface HeartbeatCarrier {
  sendControl(node: number, frame: Uint8Array): boolean;
  breakLink(node: number, error: Error): void;
}

/** What a heartbeat says beside that its sender lives. */
export interface HeartbeatFacts {
  readonly hostEpoch: number;
  readonly clusterEpoch: number;
  readonly topologyVersion: number;
  readonly routingVersion: number;
}

/** How long silence is borne (ms). */
export interface LivenessTiming {
  readonly heartbeatMs: number;
  /** A node whose connection broke, and that can neither be dialled nor dials, is taken for dead at the first heartbeat after so long. */
  readonly suspectMs: number;
  /** A connected node that was not heard for so long is taken for dead. */
  readonly deadAfterMs: number;
  /** A connected node that did not hear this one for so long is taken for dead: its answers stay behind. */
  readonly deafAfterMs: number;
  /** The connection is then broken after so long, since nothing travels over it. */
  readonly breakAfterMs: number;
}

/** What liveness needs of the parts around it. */
export interface HostLivenessOptions {
  readonly runtime: Runtime;
  readonly carrier: HeartbeatCarrier;
  readonly timing: LivenessTiming;
  /** Asked for each round. */
  readonly facts: () => HeartbeatFacts;
  /** Whether this node must not look alive, since its disk is mute. */
  readonly isMute: () => boolean;
  /** Its connection broke, and it is not known why: it may be back in a moment. `dead` or `alive` follows. */
  readonly suspected: (node: number) => void;
  /** Its process is gone, or as good as gone; also told of one that was started anew, right before `alive`. */
  readonly dead: (node: number) => void;
  readonly alive: (node: number) => void;
  /** A heartbeat came; its versions say whether the sender is behind. */
  readonly beat: (node: number, heartbeat: HostHeartbeat) => void;
}

type HostState = 'alive' | 'suspected' | 'dead';

interface Host {
  state: HostState;
  hostEpoch: number;
  heardAtMs: number;
  /** When it last showed that it hears this node. */
  echoedAtMs: number;
  brokenAtMs: number;
  sent: number;
  received: number;
  echoed: number;
}

/**
 * Liveness of hosts, not of groups: one heartbeat for each pair of connected nodes, whatever the number of their groups.
 *
 * A node whose connection is reset is suspected. It is dead once a dial finds nobody at its address, when it comes back with another host
 * epoch (its process is another one), or when nothing of it is heard for a moment; if it comes back as it was, it has never been dead. A
 * connected node is dead when it is silent, and when it does not hear: a link that carries one way only is no link. It is alive again when
 * it is heard.
 *
 * What passes while this node itself stands still is nobody's silence: it judges by the time in which it could have heard.
 */
export class HostLiveness {
  readonly #options: HostLivenessOptions;
  readonly #hosts = new Map<number, Host>();
  #timer: Timer | undefined;
  #dueAtMs = 0;

  constructor(options: HostLivenessOptions) {
    this.#options = options;
  }

  /** Begins to beat. */
  start(): void {
    if (this.#timer === undefined) this.#beatLater();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hosts.clear();
  }

  isAlive(node: number): boolean {
    return this.#hosts.get(node)?.state === 'alive';
  }

  /** The link to a node is usable: it said hello a moment ago, in this of its lives. */
  connected(node: number, hostEpoch: number): void {
    const { runtime, alive } = this.#options;
    const before = this.#hosts.get(node);
    if (before?.state === 'alive' && before.hostEpoch === hostEpoch) return;
    if (before !== undefined && before.hostEpoch !== hostEpoch) this.#died(node, before);
    const nowMs = runtime.now();
    this.#hosts.set(node, {
      state: 'alive',
      hostEpoch,
      heardAtMs: nowMs,
      echoedAtMs: nowMs,
      brokenAtMs: 0,
      sent: 0,
      received: 0,
      echoed: 0,
    });
    alive(node);
  }

  /** The link broke. */
  broken(node: number): void {
    const host = this.#hosts.get(node);
    if (host?.state !== 'alive') {
      this.#hosts.delete(node);
      return;
    }
    host.state = 'suspected';
    host.brokenAtMs = this.#options.runtime.now();
    this.#options.suspected(node);
  }

  /** Nobody is at the address of a node: where its connection broke before, that answers what a timeout would ask. */
  unreachable(node: number): void {
    const host = this.#hosts.get(node);
    if (host?.state !== 'suspected') return;
    this.#hosts.delete(node);
    this.#died(node, host);
  }

  /** The node is to be linked to no more. */
  forget(node: number): void {
    const host = this.#hosts.get(node);
    if (host === undefined) return;
    this.#hosts.delete(node);
    this.#died(node, host);
  }

  #died(node: number, host: Host): void {
    if (host.state === 'dead') return;
    host.state = 'dead';
    this.#options.dead(node);
  }

  /** Frames of any kind arrived: their sender lives. */
  heard(node: number): void {
    const nowMs = this.#options.runtime.now();
    const host = this.#hosts.get(node);
    if (host !== undefined) host.heardAtMs = nowMs;
    this.#beatIfLate(nowMs);
  }

  /** Timers of a page in the background come once a second or once a minute. What arrives comes at once: it beats in their place. */
  #beatIfLate(nowMs: number): void {
    const { heartbeatMs } = this.#options.timing;
    if (this.#timer === undefined || nowMs < this.#dueAtMs + heartbeatMs / 2) return;
    this.#timer.cancel();
    this.#beat();
  }

  /** A heartbeat frame arrived. @throws MalformedFrame, IncompatibleVersion */
  frame(node: number, frame: Uint8Array): void {
    const heartbeat = decodeHostHeartbeat(frame);
    const host = this.#hosts.get(node);
    // What a former life of the node had said may arrive behind the hello of the present one.
    if (host === undefined || host.state === 'suspected' || heartbeat.hostEpoch !== host.hostEpoch) return;
    const nowMs = this.#options.runtime.now();
    host.heardAtMs = nowMs;
    host.received = heartbeat.sequence;
    // An echo of a number not sent yet is one of before the connection was made anew.
    if (heartbeat.echo > host.echoed && heartbeat.echo <= host.sent) {
      host.echoed = heartbeat.echo;
      host.echoedAtMs = nowMs;
    }
    if (host.state === 'dead' && nowMs - host.echoedAtMs < this.#options.timing.deafAfterMs) {
      host.state = 'alive';
      this.#options.alive(node);
    }
    this.#options.beat(node, heartbeat);
  }

  #beatLater(): void {
    const { runtime, timing } = this.#options;
    this.#dueAtMs = runtime.now() + timing.heartbeatMs;
    this.#timer = runtime.setTimer(timing.heartbeatMs, () => this.#beat());
  }

  #beat(): void {
    const { runtime, timing, facts } = this.#options;
    const nowMs = runtime.now();
    const sleptMs = nowMs - this.#dueAtMs;
    this.#beatLater();
    if (sleptMs > timing.heartbeatMs) this.#excuse(sleptMs, nowMs);
    const said = facts();
    for (const [node, host] of this.#hosts) {
      if (host.state === 'suspected') {
        if (nowMs - host.brokenAtMs >= timing.suspectMs) this.unreachable(node);
        continue;
      }
      this.#judge(node, host, nowMs, said);
    }
  }

  #judge(node: number, host: Host, nowMs: number, said: HeartbeatFacts): void {
    const { carrier, timing, isMute } = this.#options;
    if (isMute()) {
      host.echoedAtMs = nowMs;
    } else {
      host.sent += 1;
      carrier.sendControl(node, encodeHostHeartbeat({ ...said, sequence: host.sent, echo: host.received }));
    }
    const silentMs = nowMs - host.heardAtMs;
    const deafMs = nowMs - host.echoedAtMs;
    if (silentMs >= timing.deadAfterMs || deafMs >= timing.deafAfterMs) this.#died(node, host);
    const uselessMs = Math.max(silentMs, deafMs);
    if (uselessMs < timing.breakAfterMs) return;
    const what = silentMs < deafMs ? 'did not hear this node' : 'was silent';
    carrier.breakLink(node, new Error(`node ${node} ${what} for ${Math.round(uselessMs)} ms`));
  }

  /** This node stood still: what was sent to it meanwhile it has yet to read. */
  #excuse(sleptMs: number, nowMs: number): void {
    for (const host of this.#hosts.values()) {
      host.heardAtMs = Math.min(nowMs, host.heardAtMs + sleptMs);
      host.echoedAtMs = Math.min(nowMs, host.echoedAtMs + sleptMs);
    }
  }
}
