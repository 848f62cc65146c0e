export type * from './catalog.js';
export type * from './log-engine.js';
export type * from './snapshot-store.js';
