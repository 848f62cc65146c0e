// The client's process: is told a plan by its first argument, measures, and says what it measured. It ends when its input does, too.
import process from 'node:process';
import { dial } from './carriers.js';
import { measureWire } from './measure-wire.js';
import type { ClientPlan } from './plan.js';

process.stdin.on('end', () => process.exit(1)).resume();
const plan = JSON.parse(process.argv[2] ?? '') as ClientPlan;
const wire = await dial(plan, new URL('./port-server.js', import.meta.url));
const measured = await measureWire(wire, plan);
process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
