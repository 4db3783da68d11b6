// Takes part in the benchmark under the name that is its argument.

import { serve } from './protocol.mjs';

const modules = {
  'better-sqlite3': './better_sqlite3.mjs',
  pg: './pg.mjs',
  mysql2: './mysql2.mjs',
  drizzle: './drizzle.mjs',
};

const { open } = await import(modules[process.argv[2]]);
await serve(open);
