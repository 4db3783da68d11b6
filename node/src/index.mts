// The same objects for ES modules: one class of errors, one store of the environment, however it is imported.
export * from './index.js';
