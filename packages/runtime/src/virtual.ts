export { Prng } from './virtual/prng.js';
export {
  VirtualDeadline,
  VirtualRuntime,
  type VirtualRuntimeOptions,
  VirtualWorld,
  type VirtualWorldOptions,
} from './virtual/virtual-world.js';
