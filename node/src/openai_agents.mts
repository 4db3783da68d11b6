export * from './openai_agents.js';
