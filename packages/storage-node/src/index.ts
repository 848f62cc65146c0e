export { makeFolders } from './make-folders.js';
export { nodeFiles, type NodeFilesOptions } from './node-files.js';
export { openNodeStorage, type OpenNodeStorageOptions } from './open-node-storage.js';
