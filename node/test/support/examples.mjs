/** Copies of the examples, in a folder with their dependencies. */

import { copyFile, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './databases.mjs';

export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Creates a folder from which `chatkeep` and the given packages can be imported. */
export async function folderWith(t, packages) {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'node_modules'));
  for (const name of packages) {
    const target = name === 'chatkeep' ? PACKAGE : join(PACKAGE, 'node_modules', name);
    const link = join(folder, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(target, link);
  }
  return folder;
}

/** Copies an example with its dependencies, and returns the folder. */
export async function installedExample(t, name) {
  const from = join(ROOT, 'examples', name);
  const { dependencies } = JSON.parse(await readFile(join(from, 'package.json'), 'utf8'));
  const folder = await folderWith(t, Object.keys(dependencies));
  for (const file of await readdir(from)) {
    if (file !== 'node_modules') await copyFile(join(from, file), join(folder, file));
  }
  return folder;
}
