// Creates the links that pg-symlinks.json lists in a folder with PostgreSQL's programs.
//
//     node scripts/link-libraries.mjs FOLDER

import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = process.argv[2];
const list = join(root, 'pg-symlinks.json');
if (existsSync(list)) {
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(root, target.replace(/^native\//, ''));
    rmSync(link, { force: true });
    symlinkSync(basename(source), link);
  }
}
