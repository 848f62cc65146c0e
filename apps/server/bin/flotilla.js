#!/usr/bin/env node
// The flotilla command. Committed as it is, so that npm links it before the first build; the program itself is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`flotilla needs Node 22.12 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
} else if (!existsSync(main)) {
  process.stderr.write('flotilla is not built here: run "npm start" (or "npm run build") in the repository first.\n');
  process.exit(1);
} else {
  await import(main.href);
}
