import { Prng } from '@flotilla/runtime/virtual';
import type { FilesCall, Survival } from '@flotilla/storage/memory';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { OverwrittenRange, SimulatedDisk } from '../../world/simulated-disk.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault, FaultScope } from '../fault.js';
import type { DamagedBytes } from '../in-force/damaged-disks.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { crashAt, recover } from '../process/crash-at-disk-call.js';
import { startAgain } from '../process/machines-down.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

const SECTOR_BYTES = 512;
const EVERY_MS = 25_000;

/**
 * One bit of one file turns. The machine goes on, and starts again when the action ends: then the damage must be found, or have done no harm.
 */
export const bitFlip: Fault = rot('bit-flip', 'flip', flipBit);

/**
 * A sector of a file is what it was before it was last written, although that write was durable, and so was a later one behind it. Never the
 * last of a file, nor the header of a segment, which was once free: a disk that forgets its end forgets what it has promised, and
 * nobody can tell.
 */
export const staleSector: Fault = rot('stale-sector', 'stale', bringBack);

/**
 * A batch of the log is written in the wrong place: over others before it in the same segment, and not where it belongs. The process
 * knows nothing of it until it starts again.
 */
export const misdirectedWrite: Fault = {
  kind: 'misdirected-write',
  family: 'disk',
  everyMs: EVERY_MS,
  draw: drawDamage,
  inject: (cluster, action) => {
    const node = damageable(cluster, action);
    if (node === undefined) return;
    let done = false;
    node.disk.trouble({
      holder: action.number,
      fault: (call) => {
        if (done || !isBatch(call) || !faultsInForce(cluster).damage.allows(node.name)) return undefined;
        done = true;
        damaged(cluster, action, node);
        const places = Math.floor((call.position - call.length) / SECTOR_BYTES);
        return { kind: 'misdirect', position: SECTOR_BYTES * (1 + Math.floor(action.choice * places)) };
      },
    });
    faultsInForce(cluster).undoLater(action, () => {
      node.disk.relieve(action.number);
      if (done) lookAgain(cluster, node);
    });
  },
  heal: lookForDamage,
};

/** The power goes in the middle of a write, and one of its sectors is neither what it was nor what it should become. */
export const garbledWrite: Fault = {
  kind: 'garbled-write',
  family: 'disk',
  everyMs: EVERY_MS,
  draw: (scope, prng) => ({ ...drawDamage(scope, prng), durationMs: drawSpread(prng, 500, 10_000) }),
  inject: (cluster, action) => {
    const node = damageable(cluster, action);
    if (node === undefined || node.isPaused || !node.isUp) return;
    const mayGarble = (call: FilesCall): boolean => {
      if (call.operation !== 'writeAt' || !faultsInForce(cluster).damage.allows(node.name)) return false;
      faultsInForce(cluster).damage.note(node.name);
      return true;
    };
    crashAt(cluster, action, node, mayGarble, garbling(action));
  },
  heal: recover,
};

/**
 * A fault that changes what a disk holds, behind everybody's back.
 *
 * @param chance Names the chance of its own by which it chooses what to change
 * @param spoil What is wrong now; undefined: there was nothing to damage
 */
function rot(
  kind: string,
  chance: string,
  spoil: (disk: SimulatedDisk, prng: Prng) => DamagedBytes | undefined,
): Fault {
  return {
    kind,
    family: 'disk',
    everyMs: EVERY_MS,
    draw: drawDamage,
    inject: (cluster, action) => {
      const node = damageable(cluster, action);
      if (node === undefined) return;
      const bytes = spoil(node.disk, new Prng(`${chance}/${action.number}/${action.choice}`));
      if (bytes === undefined) return;
      damaged(cluster, action, node, bytes);
      faultsInForce(cluster).undoLater(action, () => lookAgain(cluster, node));
    },
    heal: lookForDamage,
  };
}

function drawDamage(scope: FaultScope, prng: Prng): Omit<FaultAction, 'number' | 'atMs' | 'kind'> {
  return {
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 100, 10_000),
    amount: 0,
    choice: prng.float(),
  };
}

/** The machine that is struck, if its disk may be damaged now. */
function damageable(cluster: SimulatedCluster, action: FaultAction): SimulatedNode | undefined {
  const node = struckMachine(cluster, action.target);
  if (node === undefined || node.life === 0) return undefined;
  return faultsInForce(cluster).damage.allows(node.name) ? node : undefined;
}

function damaged(cluster: SimulatedCluster, action: FaultAction, node: SimulatedNode, bytes?: DamagedBytes): void {
  const inForce = faultsInForce(cluster);
  inForce.damage.note(node.name, bytes);
  inForce.tookEffect(action);
  cluster.story.note(`disk damaged: ${action.kind}`, { node: node.name });
}

function lookForDamage(cluster: SimulatedCluster, action: FaultAction): void {
  faultsInForce(cluster).undo(action);
}

/** The process starts again, and so reads all that its disk holds. */
function lookAgain(cluster: SimulatedCluster, node: SimulatedNode): void {
  if (!faultsInForce(cluster).damage.machines.has(node.name) || cluster.operator.lost.has(node.name)) return;
  node.kill();
  startAgain(cluster, node.name);
}

/** Turns one bit of a file that is not being written anew under another name. */
function flipBit(disk: SimulatedDisk, prng: Prng): DamagedBytes | undefined {
  const { files } = disk;
  const paths = files.paths().filter((path) => !isAside(path) && (files.peek(path)?.length ?? 0) > 0);
  if (paths.length === 0) return undefined;
  const path = prng.pick(paths);
  const content = files.peek(path) ?? new Uint8Array(0);
  // Segments are mostly zeros that wait to be written: half of the flips strike what holds something.
  const written = prng.chance(0.5) ? writtenSectors(content) : [];
  const position =
    written.length === 0
      ? prng.integer(0, content.length)
      : Math.min(content.length - 1, prng.pick(written) * SECTOR_BYTES + prng.integer(0, SECTOR_BYTES));
  const bytes = Uint8Array.of((content[position] ?? 0) ^ (1 << prng.integer(0, 8)));
  files.tamper(path, position, bytes);
  return { path, position, bytes };
}

/** A file that is renamed once it is whole: damage in it would move on with it, unseen. */
function isAside(path: string): boolean {
  return path.endsWith('.new') || (path.includes('snapshots/') && !path.endsWith('.snapshot'));
}

function writtenSectors(content: Uint8Array): number[] {
  const sectors: number[] = [];
  for (let at = 0; at < content.length; at += SECTOR_BYTES) {
    if (!isZero(content.subarray(at, at + SECTOR_BYTES))) sectors.push(at / SECTOR_BYTES);
  }
  return sectors;
}

/** Gives a sector back what it held before one of the last writes. */
function bringBack(disk: SimulatedDisk, prng: Prng): DamagedBytes | undefined {
  const { files, writes } = disk;
  const inFlight = new Set(files.choices().map(({ path, sector }) => `${path}/${sector}`));
  const isDurable = ({ path, position, length }: OverwrittenRange): boolean => {
    for (let at = position; at < position + length; at += SECTOR_BYTES) {
      if (inFlight.has(`${path}/${Math.floor(at / SECTOR_BYTES)}`)) return false;
    }
    return true;
  };
  const stands = (write: OverwrittenRange): boolean => {
    const now = files.peek(write.path, write.position, write.position + write.length);
    return now?.length === write.length && !isZero(now) && isDurable(write);
  };
  const candidates = writes.filter((write, at) => {
    if (write.position < SECTOR_BYTES || write.length < SECTOR_BYTES || !stands(write)) return false;
    return writes
      .slice(at + 1)
      .some((later) => later.path === write.path && later.position >= write.position + write.length && stands(later));
  });
  if (candidates.length === 0) return undefined;
  const { path, position, length, before } = prng.pick(candidates);
  const offset = SECTOR_BYTES * prng.integer(0, Math.floor(length / SECTOR_BYTES));
  const old = before.subarray(offset, offset + SECTOR_BYTES);
  const now = files.peek(path, position + offset, position + offset + SECTOR_BYTES);
  if (now === undefined || now.every((byte, at) => byte === old[at])) return undefined;
  files.tamper(path, position + offset, old);
  return { path, position: position + offset, bytes: old };
}

/** Whether a call appends to a log, and there is a batch before it that it could be put over. */
function isBatch({ operation, path, position, length, bytes }: FilesCall): boolean {
  if (operation !== 'writeAt' || !path.includes('log-')) return false;
  return position >= length + 2 * SECTOR_BYTES && length >= SECTOR_BYTES && !isZero(bytes);
}

/** All survives but for one sector in flight, which holds anything. */
function garbling(action: FaultAction): Survival {
  const prng = new Prng(`garbled/${action.number}/${action.choice}`);
  let garbled = false;
  return ({ what, count }) => {
    if (what !== 'sector' || garbled) return prng.integer(0, count);
    garbled = true;
    return prng.bytes(SECTOR_BYTES);
  };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
