export { Prng } from './virtual/prng.js';
export { type PauseOptions, VirtualRuntime, type VirtualRuntimeOptions } from './virtual/virtual-runtime.js';
export { VirtualDeadline, VirtualWorld, type VirtualWorldOptions } from './virtual/virtual-world.js';
