/**
 * Packs the npm packages: the package itself, and one for a platform, which holds its library.
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

const [what, ...arguments_] = process.argv.slice(2);
const pack = { package: packPackage, platform: packPlatform }[what];
if (!pack) throw new Error(`pack "package" or "platform", not "${what}"`);
pack(...arguments_);

/** The package: compiled anew, so that nothing is in it that has no source, and without what only its development needs. */
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
      // Declarations without a program: the compiler reads them, and leaves them where they are.
      const sources = join(HERE, 'src');
      for (const name of readdirSync(sources, { recursive: true })) {
        if (name.endsWith('.d.ts')) cpSync(join(sources, name), join(stageFolder, 'dist', name));
      }
    },
  );
}

/** A package that npm installs where its `os`, `cpu` and `libc` fit, and nowhere else. */
function packPlatform(library, triple, folder) {
  const platform = PLATFORMS[triple];
  if (!platform) throw new Error(`there is no platform "${triple}"`);
  const file = `chatkeep.${triple}.node`;
  const name = platformName(triple);
  const { version, license, homepage, repository, engines } = MANIFEST;
  const { os, cpu, libc } = platform;
  const manifest = {
    name,
    version,
    description: `The library of the package chatkeep for ${triple}`,
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
      `# ${name}\n\nThe library of the package [chatkeep](${homepage}) for ${triple}. Install \`chatkeep\`, which needs it.\n`,
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

/** Packs a folder that holds the manifest, the licences, and what `fill` puts there. */
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

/** Shows what a program says only when it fails. */
function run(program, programArguments, cwd) {
  try {
    // npm is a script of the shell's on Windows.
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
