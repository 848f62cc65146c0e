import { diskFull } from './disk-full.js';
import { kill } from './kill.js';
import { lossy, oneWay, partition, slow } from './links.js';
import { members, transfer, wipe } from './members.js';
import type { Nemeses } from './nemesis.js';
import { pause } from './pause.js';
import { restart } from './restart.js';

/** The nemesis of each kind. */
export const NEMESIS_OF: Nemeses = {
  kill,
  pause,
  restart,
  transfer,
  'disk-full': diskFull,
  wipe,
  members,
  partition,
  'one-way': oneWay,
  slow,
  lossy,
};
