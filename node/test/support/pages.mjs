/** The code blocks of the documentation that are programs. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const GUIDE = join(ROOT, 'docs/src');
const PATHS = [
  join(ROOT, 'README.md'),
  join(ROOT, 'node/README.md'),
  ...readdirSync(GUIDE, { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(GUIDE, name)),
];

/** Returns every JavaScript block of the READMEs and of the guide, with the path of its file. */
export function pages() {
  return PATHS.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/^```js\n(.*?)^```/gms)].map(([, text]) => ({
      path,
      text,
    })),
  );
}
