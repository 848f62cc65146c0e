export {
  type IndexedDbOptions,
  openBrowserStorage,
  type OpenBrowserStorageOptions,
  type OpfsOptions,
} from './open-browser-storage.js';
