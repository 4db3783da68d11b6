// The same objects for ES modules, so that both module systems share the error class and the
// environment's store.
export * from './index.js';
