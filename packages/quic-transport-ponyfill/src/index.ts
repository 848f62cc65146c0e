export { connect } from './connect.js';
export * from './interface.js';
export { listen } from './listen.js';
