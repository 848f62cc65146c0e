import type { Delay, LinkLoss, MemoryNetwork, NetworkEffect } from '@flotilla/transport/memory';
import type { FaultAction } from '../fault-action.js';

/** What an action does to one direction between two machines. */
export interface LinkFault {
  readonly from: string;
  readonly to: string;
  /** What is sent is lost. */
  readonly cut?: true;
  /** What arrives waits. */
  readonly clogged?: true;
  readonly latency?: Delay;
  readonly loss?: LinkLoss;
  readonly bytesPerSecond?: number;
}

interface HeldLinkFault extends LinkFault {
  readonly action: FaultAction;
}

/** Of a machine, by an action. */
interface Isolation {
  readonly action: number;
  lost(): void;
}

/** Which part of a fault has which effect. */
const EFFECTS: Readonly<Record<'lost' | 'held' | 'stalled' | 'broken' | 'throttled', (fault: LinkFault) => boolean>> = {
  lost: (fault) => fault.cut === true,
  held: (fault) => fault.clogged === true,
  stalled: (fault) => fault.loss?.stallProbability !== undefined,
  broken: (fault) => fault.loss?.breakProbability !== undefined,
  throttled: (fault) => fault.bytesPerSecond !== undefined,
};

/**
 * What is wrong with the links between machines, and whose fault it is: several actions may strike one link, and what one of them did
 * ends with it, not with the first that ends. Of latencies and losses the last one holds, of bandwidths the least.
 */
export class LinkFaults {
  readonly #network: MemoryNetwork;
  readonly #tookEffect: (action: FaultAction) => void;
  readonly #faults = new Map<string, HeldLinkFault[]>();
  readonly #isolations = new Map<string, Isolation[]>();

  constructor(network: MemoryNetwork, tookEffect: (action: FaultAction) => void) {
    this.#network = network;
    this.#tookEffect = tookEffect;
    network.onInjected = (effect, from, to) => this.#injected(effect, from, to);
  }

  /** Something is wrong with links from now on. */
  strike(action: FaultAction, faults: readonly LinkFault[]): void {
    for (const fault of faults) {
      if (fault.from === fault.to) continue;
      const key = keyOf(fault.from, fault.to);
      const held = this.#faults.get(key) ?? [];
      held.push({ ...fault, action });
      this.#faults.set(key, held);
      this.#apply(fault.from, fault.to, held);
    }
  }

  /** Cuts a machine off from all others, and from clients. `lost` is told of every message that is lost by it. */
  isolate(action: Pick<FaultAction, 'number'>, machine: string, lost: () => void): void {
    const isolations = this.#isolations.get(machine) ?? [];
    isolations.push({ action: action.number, lost });
    this.#isolations.set(machine, isolations);
    this.#network.isolate(machine);
  }

  /** Nothing of what the action did is wrong any more. */
  lift(action: Pick<FaultAction, 'number'>): void {
    for (const [machine, isolations] of this.#isolations) {
      const left = isolations.filter((isolation) => isolation.action !== action.number);
      if (left.length === isolations.length) continue;
      if (left.length > 0) this.#isolations.set(machine, left);
      else this.#rejoin(machine);
    }
    for (const [key, held] of this.#faults) {
      const left = held.filter((fault) => fault.action.number !== action.number);
      const [first] = held;
      if (left.length === held.length || first === undefined) continue;
      if (left.length > 0) this.#faults.set(key, left);
      else this.#faults.delete(key);
      this.#apply(first.from, first.to, left);
    }
  }

  /** Lets what is held up on one link go, although the rest of the action stays: for links that are released in an order of their own. */
  liftOne(action: Pick<FaultAction, 'number'>, from: string, to: string): void {
    const key = keyOf(from, to);
    const held = this.#faults.get(key);
    if (held === undefined) return;
    const left = held.filter((fault) => fault.action.number !== action.number);
    if (left.length > 0) this.#faults.set(key, left);
    else this.#faults.delete(key);
    this.#apply(from, to, left);
  }

  /** Whether any message can get from one machine to another. */
  isCut(from: string, to: string): boolean {
    if (this.#isolations.has(from) || this.#isolations.has(to)) return true;
    return (this.#faults.get(keyOf(from, to)) ?? []).some((fault) => fault.cut === true);
  }

  #rejoin(machine: string): void {
    this.#isolations.delete(machine);
    this.#network.rejoin(machine);
    // That healed the links which others hold cut, too.
    for (const other of this.#isolations.keys()) this.#network.isolate(other);
    for (const held of this.#faults.values()) {
      const cut = held.find((fault) => fault.cut === true);
      if (cut !== undefined && (cut.from === machine || cut.to === machine)) this.#network.cut(cut.from, cut.to);
    }
  }

  #apply(from: string, to: string, held: readonly HeldLinkFault[]): void {
    const network = this.#network;
    if (this.isCut(from, to)) network.cut(from, to);
    else network.heal(from, to);
    if (held.some((fault) => fault.clogged === true)) network.clog(from, to);
    else network.release(from, to);
    network.setLatency(this.#latency(held), from, to);
    network.setLoss(held.findLast((fault) => fault.loss !== undefined)?.loss ?? {}, from, to);
    const bandwidths = held.flatMap(({ bytesPerSecond }) => bytesPerSecond ?? []);
    network.setBandwidth(bandwidths.length === 0 ? undefined : Math.min(...bandwidths), from, to);
  }

  /** The latency that holds, which counts its fault when it is drawn. */
  #latency(held: readonly HeldLinkFault[]): Delay | undefined {
    const fault = held.findLast(({ latency }) => latency !== undefined);
    const latency = fault?.latency;
    if (fault === undefined || latency === undefined) return undefined;
    return (random) => {
      this.#tookEffect(fault.action);
      return typeof latency === 'number' ? latency : latency(random);
    };
  }

  #injected(effect: NetworkEffect, from: string, to: string): void {
    if (effect === 'crashed') return;
    const has = EFFECTS[effect];
    for (const fault of this.#faults.get(keyOf(from, to)) ?? []) if (has(fault)) this.#tookEffect(fault.action);
    if (effect !== 'lost' || this.#isolations.size === 0) return;
    for (const machine of [from, to]) {
      for (const isolation of this.#isolations.get(machine) ?? []) isolation.lost();
    }
  }
}

function keyOf(from: string, to: string): string {
  return `${from}>${to}`;
}
