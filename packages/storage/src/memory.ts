export { MemoryLogEngine } from './log/memory-log-engine.js';
export {
  type CrashChoice,
  type FilesCall,
  type FilesFault,
  type FilesOperation,
  MemoryFiles,
  type MemoryFilesOptions,
  randomSurvival,
  type Survival,
} from './memory/memory-files.js';
