/** The packages to test, in the folder `CHATKEEP_NPM`, and their installation. */

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
if (!FOLDER) throw new Error('CHATKEEP_NPM is not set; run `cargo xtask npm`');

/** Paths of the packages. */
export const PACKAGE = oneOf(/^chatkeep-\d.*\.tgz$/);
export const PLATFORM_PACKAGE = oneOf(/^chatkeep-[a-z].*\.tgz$/);

function oneOf(pattern) {
  const found = readdirSync(FOLDER).filter((name) => pattern.test(name));
  if (found.length !== 1)
    throw new Error(`expected one file matching ${pattern} in ${FOLDER}, found ${found}`);
  return join(FOLDER, found[0]);
}

const folders = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Creates a folder that is removed after the tests. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'chatkeep-npm-'));
  folders.push(folder);
  return folder;
}

/** Unpacks a package, and returns its folder, manifest and files. */
export function unpacked(file) {
  const folder = temporaryFolder();
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  const root = join(folder, 'package');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { root, manifest, files: filesOf(root) };
}

/** Returns the files below a folder, as relative paths. */
export function filesOf(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/**
 * Installs the packages into an empty folder, without a registry or Rust. Returns the folder and
 * functions that run programs there.
 */
export function install({ type } = {}) {
  const folder = temporaryFolder();
  const programs = join(folder, 'programs');
  const app = join(folder, 'app');
  mkdirSync(programs);
  mkdirSync(app);
  // The only programs on the PATH: no cargo, no compiler, no server.
  for (const name of ['node', 'npm', 'npx']) symlinkSync(findProgram(name), join(programs, name));
  for (const name of ['sh', 'env']) symlinkSync(findProgram(name), join(programs, name));
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
      stdout: done.stdout,
      stderr: done.stderr,
      output: done.stdout + done.stderr,
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
  if (npm.code !== 0) throw new Error(npm.output);
  return {
    app,
    programs,
    run,
    /** Runs a program with the given text. */
    script(name, text, more) {
      writeFileSync(join(app, name), text);
      return run('node', [name], more);
    },
  };
}

function findProgram(name) {
  for (const folder of process.env.PATH.split(delimiter)) {
    if (listFolder(folder).includes(name)) return join(folder, name);
  }
  throw new Error(`${name} is not on the PATH`);
}

function listFolder(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Returns the path of a development tool, for example the compiler. */
export function tool(name) {
  return join(SOURCES, 'node_modules', '.bin', name);
}

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
