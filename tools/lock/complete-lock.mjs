// Adds to package-lock.json what npm left out: optional dependencies of an exact version that the registry at hand does not have, such as the
// binaries of other platforms. `npm ci` refuses a lock without them; with them it skips what is of another platform, and forgives an optional
// package that cannot be had. Run after every `npm install` that changed a dependency: node tools/lock/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const OS = ['darwin', 'linux', 'win32', 'freebsd', 'android', 'openbsd', 'sunos', 'aix'];
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64'];

/** What the name of a platform's package says of it. */
function platformOf(name) {
  const parts = name.split('/').at(-1).split(/[-_.]/);
  const os = OS.filter((each) => parts.includes(each));
  const cpu = CPU.filter((each) => parts.includes(each));
  const libc = parts.includes('musl') ? ['musl'] : parts.includes('gnu') ? ['glibc'] : [];
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    ...(os.length > 0 ? { os } : {}),
  };
}

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${place}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (!EXACT.test(version) || lock.packages[nested] !== undefined || lock.packages[hoisted] !== undefined) continue;
    lock.packages[hoisted] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true };
    added++;
  }
}
if (added > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
process.stdout.write(`package-lock.json: ${added} optional packages added\n`);
