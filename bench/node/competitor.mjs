// Runs the competitor whose name is the argument.

import { serve } from './protocol.mjs';

const modules = {
  'chatkeep-node': './chatkeep_node.mjs',
  'chatkeep-node-uncached': './chatkeep_node.mjs',
  'better-sqlite3': './better_sqlite3.mjs',
  pg: './pg.mjs',
  mysql2: './mysql2.mjs',
  drizzle: './drizzle.mjs',
  prisma: './prisma.mjs',
};

const name = process.argv[2];
const { open } = await import(modules[name]);
await serve((setup) => open(setup, name));
