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
  /** A connected node that was not heard for so long is taken for dead. */
  readonly deadAfterMs: number;
  /** Its connection is then broken after so long, since nothing travels over it. */
  readonly breakAfterMs: number;
}

/** What liveness needs of the parts around it. */
export interface HostLivenessOptions {
  readonly runtime: Runtime;
  readonly carrier: HeartbeatCarrier;
  readonly timing: LivenessTiming;
  /** Asked for each round. */
  readonly facts: () => HeartbeatFacts;
  readonly dead: (node: number) => void;
  readonly alive: (node: number) => void;
  /** A heartbeat came; its versions say whether the sender is behind. */
  readonly heard: (node: number, heartbeat: HostHeartbeat) => void;
}

interface Host {
  alive: boolean;
  heardAtMs: number;
  sent: number;
  received: number;
}

/**
 * Liveness of hosts, not of groups: one heartbeat for each pair of connected nodes, whatever the number of their groups. A node is dead
 * at once when its connection breaks, and when it is connected but silent; it is alive again when it is heard.
 */
export class HostLiveness {
  readonly #options: HostLivenessOptions;
  readonly #hosts = new Map<number, Host>();
  #timer: Timer | undefined;

  constructor(options: HostLivenessOptions) {
    this.#options = options;
  }

  /** Begins to beat. */
  start(): void {
    this.#timer ??= this.#options.runtime.setTimer(this.#options.timing.heartbeatMs, () => this.#beat());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#hosts.clear();
  }

  isAlive(node: number): boolean {
    return this.#hosts.get(node)?.alive ?? false;
  }

  /** The link to a node is usable: it said hello a moment ago. */
  connected(node: number): void {
    this.#hosts.set(node, { alive: true, heardAtMs: this.#options.runtime.now(), sent: 0, received: 0 });
    this.#options.alive(node);
  }

  /** The link broke: this answers what a timeout would ask. */
  broken(node: number): void {
    const host = this.#hosts.get(node);
    this.#hosts.delete(node);
    if (host?.alive === true) this.#options.dead(node);
  }

  /** A heartbeat frame arrived. @throws MalformedFrame, IncompatibleVersion */
  frame(node: number, frame: Uint8Array): void {
    const heartbeat = decodeHostHeartbeat(frame);
    const host = this.#hosts.get(node);
    if (host === undefined) return;
    host.heardAtMs = this.#options.runtime.now();
    host.received = heartbeat.sequence;
    if (!host.alive) {
      host.alive = true;
      this.#options.alive(node);
    }
    this.#options.heard(node, heartbeat);
  }

  #beat(): void {
    const { runtime, carrier, timing, facts, dead } = this.#options;
    this.#timer = runtime.setTimer(timing.heartbeatMs, () => this.#beat());
    const said = facts();
    const nowMs = runtime.now();
    for (const [node, host] of this.#hosts) {
      host.sent += 1;
      carrier.sendControl(node, encodeHostHeartbeat({ ...said, sequence: host.sent, echo: host.received }));
      const silentMs = nowMs - host.heardAtMs;
      if (host.alive && silentMs >= timing.deadAfterMs) {
        host.alive = false;
        dead(node);
      }
      if (silentMs >= timing.breakAfterMs) {
        carrier.breakLink(node, new Error(`node ${node} was silent for ${Math.round(silentMs)} ms`));
      }
    }
  }
}
