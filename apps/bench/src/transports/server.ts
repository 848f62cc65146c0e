// The server's process: is told a plan by its first argument, says its address, and ends when its input does.
import process from 'node:process';
import { listen } from './carriers.js';
import type { ServerPlan } from './plan.js';

process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${await listen(JSON.parse(process.argv[2] ?? '') as ServerPlan)}\n`);
