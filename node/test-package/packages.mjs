/** What is tested here: the packages in the folder `CHATKEEP_NPM`, and an empty folder with the two and nothing else. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const SOURCES = fileURLToPath(new URL('..', import.meta.url));
export const PLATFORMS = JSON.parse(readFileSync(join(SOURCES, 'platforms.json'), 'utf8'));

const FOLDER = process.env.CHATKEEP_NPM;
if (!FOLDER) throw new Error('these tests need packages: run scripts/npm.sh');

/** The files of the packages. */
export const PACKAGE = oneOf(/^chatkeep-\d.*\.tgz$/);
export const PLATFORM_PACKAGE = oneOf(/^chatkeep-[a-z].*\.tgz$/);

function oneOf(pattern) {
  const found = readdirSync(FOLDER).filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`one of ${pattern} is wanted, and there are ${found}`);
  return join(FOLDER, found[0]);
}

const made = [];
process.on('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes when the tests end. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'chatkeep-npm-'));
  made.push(folder);
  return folder;
}

/** What a package holds: its manifest, and where its files are. */
export function unpacked(file) {
  const folder = temporaryFolder();
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  const root = join(folder, 'package');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { root, manifest, files: filesOf(root) };
}

/** The files below a folder, by their paths from there. */
export function filesOf(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/**
 * The packages, installed into an empty folder from the two files alone, with no registry and no Rust; gives the folder and a way to run
 * programs there.
 */
export function installed({ type } = {}) {
  const folder = temporaryFolder();
  const programs = join(folder, 'programs');
  const app = join(folder, 'app');
  mkdirSync(programs);
  mkdirSync(app);
  // All that can be found: no cargo, no compiler, no server.
  for (const name of ['node', 'npm', 'npx']) symlinkSync(found(name), join(programs, name));
  for (const name of ['sh', 'env']) symlinkSync(found(name), join(programs, name));
  const variables = {
    PATH: programs,
    HOME: folder,
    npm_config_cache: join(folder, 'cache'),
    npm_config_update_notifier: 'false',
  };

  function run(program, programArguments, more = {}) {
    const done = spawnSync(program, programArguments, {
      cwd: app,
      env: { ...variables, ...more },
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (done.error) throw done.error;
    return {
      code: done.status,
      out: done.stdout,
      told: done.stderr,
      all: done.stdout + done.stderr,
    };
  }

  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type }));
  const npm = run('npm', [
    'install',
    '--offline',
    '--no-audit',
    '--no-fund',
    PACKAGE,
    PLATFORM_PACKAGE,
  ]);
  if (npm.code !== 0) throw new Error(npm.all);
  return {
    app,
    programs,
    run,
    /** Runs a program of this text. */
    script(name, text, more) {
      writeFileSync(join(app, name), text);
      return run('node', [name], more);
    },
  };
}

function found(name) {
  for (const folder of process.env.PATH.split(delimiter)) {
    if (readdirIfThere(folder).includes(name)) return join(folder, name);
  }
  throw new Error(`there is no ${name} here`);
}

function readdirIfThere(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A tool of the package's development, such as the compiler. */
export function tool(name) {
  return join(SOURCES, 'node_modules', '.bin', name);
}

/** The folder above the sources. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
