/**
 * Packs the npm packages: the package itself, and a package with the addon for one platform.
 *
 *     node node/pack.mjs package FOLDER
 *     node node/pack.mjs platform LIBRARY TRIPLE FOLDER
 */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];
const MANIFEST = readJson('package.json');
const PLATFORMS = readJson('platforms.json');

const [kind, ...args] = process.argv.slice(2);
const pack = { package: packPackage, platform: packPlatform }[kind];
if (!pack) throw new Error(`unknown kind "${kind}"; use "package" or "platform"`);
pack(...args);

/**
 * Packs the package. It is compiled into an empty folder, so that it contains no files without a
 * source, and its manifest has no development settings.
 */
function packPackage(folder) {
  const { devDependencies: _, scripts: __, ...manifest } = MANIFEST;
  const platforms = Object.keys(PLATFORMS).map((triple) => [
    platformName(triple),
    manifest.version,
  ]);
  stage(
    folder,
    { ...manifest, optionalDependencies: Object.fromEntries(platforms) },
    (stageFolder) => {
      cpSync(join(HERE, 'README.md'), join(stageFolder, 'README.md'));
      const compiler = join(HERE, 'node_modules/.bin/tsc');
      run(compiler, ['--project', HERE, '--outDir', join(stageFolder, 'dist')], HERE);
      // Declaration files in the sources: the compiler reads them but does not copy them.
      const sources = join(HERE, 'src');
      for (const name of readdirSync(sources, { recursive: true })) {
        if (name.endsWith('.d.ts')) cpSync(join(sources, name), join(stageFolder, 'dist', name));
      }
    },
  );
}

/** Packs the addon of a platform. npm installs it only if its `os`, `cpu` and `libc` match. */
function packPlatform(library, triple, folder) {
  const platform = PLATFORMS[triple];
  if (!platform) throw new Error(`unknown platform "${triple}"; see platforms.json`);
  const file = `chatkeep.${triple}.node`;
  const name = platformName(triple);
  const { version, license, homepage, repository, engines } = MANIFEST;
  const { os, cpu, libc } = platform;
  const manifest = {
    name,
    version,
    description: `Native addon of the package chatkeep for ${triple}`,
    license,
    homepage,
    repository,
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    main: file,
    files: [file, ...LICENCES],
  };
  stage(folder, manifest, (stageFolder) => {
    writeFileSync(
      join(stageFolder, 'README.md'),
      `# ${name}\n\nThe native addon of the package [chatkeep](${homepage}) for ${triple}. ` +
        'Install `chatkeep`, which depends on it.\n',
    );
    cpSync(library, join(stageFolder, file));
    chmodSync(join(stageFolder, file), 0o644);
  });
}

function platformName(triple) {
  return `@chatkeep/${triple}`;
}

function readJson(name) {
  return JSON.parse(readFileSync(join(HERE, name), 'utf8'));
}

/** Packs a folder with the manifest, the licences, and the files that `fill` adds. */
function stage(folder, manifest, fill) {
  const stageFolder = mkdtempSync(join(tmpdir(), 'chatkeep-pack-'));
  try {
    writeFileSync(join(stageFolder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    for (const name of LICENCES) {
      cpSync(join(HERE, name), join(stageFolder, name), { dereference: true });
    }
    fill(stageFolder);
    mkdirSync(folder, { recursive: true });
    run('npm', ['pack', '--silent', '--pack-destination', folder], stageFolder);
  } finally {
    rmSync(stageFolder, { recursive: true });
  }
}

/** Runs a program, and shows its output only if it fails. */
function run(program, programArguments, cwd) {
  try {
    // On Windows, npm is a shell script.
    execFileSync(program, programArguments, {
      cwd,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    throw error;
  }
}
