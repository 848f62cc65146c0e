export * from './conf-change/conf-change.js';
export * from './log/entry.js';
export * from './log/snapshot.js';
export * from './log/storage.js';
export * from './message/message.js';
export * from './raw-node/ready.js';
