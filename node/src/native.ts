/** Loading of the native addon. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type * as Addon from './addon.js';
import { platform } from './platform.js';

/** The exports of the addon. */
export type Native = typeof Addon;

function load(): Native {
  // Next to this file in a development build, otherwise in a package of its own.
  const name = platform();
  const built = join(__dirname, `chatkeep.${name}.node`);
  if (existsSync(built)) return require(built) as Native;
  try {
    return require(`@chatkeep/${name}`) as Native;
  } catch (cause) {
    throw new Error(
      `chatkeep: failed to load the native addon @chatkeep/${name}; ` +
        'reinstall chatkeep without omitting optional dependencies',
      { cause },
    );
  }
}

export const native: Native = load();
