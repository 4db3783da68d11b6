/** The addon, and where it lies. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as Addon from './addon.js';
import { platform } from './platform.js';

/** What the addon exports. */
export type Native = typeof Addon;

function load(): Native {
  // Beside this file where it was built, else a package of its own.
  const name = platform();
  const built = join(__dirname, `chatkeep.${name}.node`);
  if (existsSync(built)) return require(built) as Native;
  try {
    return require(`@chatkeep/${name}`) as Native;
  } catch (cause) {
    const hint = 'is it among the optional dependencies that were installed?';
    throw new Error(`chatkeep has no compiled part for ${name}; ${hint}`, { cause });
  }
}

export const native: Native = load();
