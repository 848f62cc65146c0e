export {
  catalogConformance,
  type CatalogConformanceOptions,
  catalogCrashConformance,
  type CatalogCrashOptions,
  type CatalogUnderTest,
} from './conformance/catalog-suite.js';
export { filesConformance, type FilesConformanceOptions, type FilesUnderTest } from './conformance/files-suite.js';
export { type OpenLogEngine, prefixOf } from './conformance/log-crash.js';
export { logEngineCrashConformance, type LogEngineCrashOptions } from './conformance/log-engine-crash-suite.js';
export {
  logEngineConformance,
  type LogEngineConformanceOptions,
  type LogEngineUnderTest,
} from './conformance/log-engine-suite.js';
export { type LogWorkload, randomBatches, scriptedBatches, workloadOf } from './conformance/log-workload.js';
export {
  snapshotStoreConformance,
  type SnapshotStoreConformanceOptions,
  snapshotStoreCrashConformance,
  type SnapshotStoreCrashOptions,
  type SnapshotStoreUnderTest,
} from './conformance/snapshot-store-suite.js';
export type { ConformanceRunner } from './conformance/suite.js';
export { differenceOf } from './log/tee-log-engine.js';
