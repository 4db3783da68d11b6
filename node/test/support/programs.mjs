/** Programs that tests run beside themselves. */

import process from 'node:process';

/** This process's environment without chatkeep's settings. */
export function environment(variables = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(DB_|DATABASE_|TOKEN_CACHE)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...variables };
}
