export { MemoryLogEngine } from './log/memory-log-engine.js';
export type { FilesCall, FilesFault, FilesOperation } from './memory/files-call.js';
export { MemoryFiles, type MemoryFilesOptions } from './memory/memory-files.js';
export { type CrashChoice, randomSurvival, type Survival } from './memory/survival.js';
