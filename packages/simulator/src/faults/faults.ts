import { clockDrift, clockJump, clockStrobe, wallClockJump } from './clock/clocks.js';
import { bitFlip, garbledWrite, misdirectedWrite, staleSector } from './disk/corruption.js';
import { failingOpen, failingRead, failingSync, failingWrite, shortWrite } from './disk/failing-calls.js';
import { fullDisk } from './disk/full-disk.js';
import { hangingSync, slowDisk } from './disk/slow-calls.js';
import type { Fault } from './fault.js';
import { join, remove, removeLeader, replace, transfer } from './membership/changes.js';
import { clog, swizzleClog } from './network/clogs.js';
import { constantDelay, exponentialDelays, heavyTailedDelays, lowBandwidth, uniformDelays } from './network/delays.js';
import { breakingConnections, connectionReset, loss, reorderingReset } from './network/losses.js';
import {
  bridge,
  deafNode,
  isolation,
  majorityRing,
  muteNode,
  oneWayCut,
  partialPartition,
  symmetricPartition,
} from './network/partitions.js';
import { connectionFlood, foreignPeer, garbageFrames } from './overload/strangers.js';
import { crashAtDiskCall, crashDuringStart, tornWrite } from './process/crash-at-disk-call.js';
import { halfOpen, kill, killAll, powerCut, powerCutAll } from './process/kills.js';
import { pause, suspend } from './process/pauses.js';
import { restart, rollingRestart } from './process/restarts.js';
import { wipe } from './process/wipe.js';
import { heldBackFollower } from './snapshot/held-back-follower.js';
import { snapshotNow } from './snapshot/snapshot-now.js';

/** All kinds of fault, in a fixed order. New ones go to the end of their family. */
export const FAULTS: readonly Fault[] = [
  symmetricPartition,
  oneWayCut,
  deafNode,
  muteNode,
  bridge,
  majorityRing,
  partialPartition,
  isolation,
  constantDelay,
  uniformDelays,
  exponentialDelays,
  heavyTailedDelays,
  lowBandwidth,
  loss,
  breakingConnections,
  connectionReset,
  reorderingReset,
  clog,
  swizzleClog,
  failingWrite,
  shortWrite,
  failingSync,
  failingOpen,
  failingRead,
  slowDisk,
  hangingSync,
  fullDisk,
  tornWrite,
  bitFlip,
  staleSector,
  misdirectedWrite,
  garbledWrite,
  clockDrift,
  clockJump,
  wallClockJump,
  clockStrobe,
  suspend,
  pause,
  kill,
  powerCut,
  halfOpen,
  killAll,
  powerCutAll,
  restart,
  rollingRestart,
  crashDuringStart,
  crashAtDiskCall,
  wipe,
  join,
  remove,
  removeLeader,
  replace,
  transfer,
  heldBackFollower,
  snapshotNow,
  garbageFrames,
  connectionFlood,
  foreignPeer,
];

/** The fault of a kind. @throws {RangeError} for a kind that there is not */
export function faultOf(kind: string): Fault {
  const fault = FAULTS.find((each) => each.kind === kind);
  if (fault === undefined)
    throw new RangeError(`there is no fault ${kind}; there are ${FAULTS.map((each) => each.kind).join(', ')}`);
  return fault;
}
