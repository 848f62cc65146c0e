export { openBrowserStorage, type OpenBrowserStorageOptions } from './open-browser-storage.js';
