#!/usr/bin/env node
// The flotilla command. Committed as it is, so that npm links it before the first build; the program itself is built.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`flotilla needs Node 22.12 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}
try {
  // Named by a literal: so Deno knows the program before it starts, and needs no permission to read it.
  await import('../dist/main.js');
} catch (error) {
  if (error.name === 'NotCapable') {
    process.stderr.write(
      `flotilla: Deno was started without a permission that this needs: ${error.message}\n` +
        'A server takes --allow-env=FLOTILLA_* --ignore-env; docs/operating.md has the whole command.\n',
    );
    process.exit(2);
  }
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || existsSync(new URL('../dist/main.js', import.meta.url))) throw error;
  process.stderr.write('flotilla is not built here: run "npm start" (or "npm run build") in the repository first.\n');
  process.exit(1);
}
