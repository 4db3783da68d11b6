/** The pages of the documentation that are programs. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const READMES = ['../../../README.md', '../../README.md'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Every page in JavaScript of the two READMEs: where it is from, and its text. */
export function pages() {
  return READMES.flatMap((readme) =>
    [...readFileSync(readme, 'utf8').matchAll(/^```js\n(.*?)^```/gms)].map(([, text]) => ({
      readme,
      text,
    })),
  );
}
