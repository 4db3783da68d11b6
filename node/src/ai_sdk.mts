export * from './ai_sdk.js';
