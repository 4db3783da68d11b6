/** What the packages hold, and what the library needs. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import {
  filesOf,
  PACKAGE,
  PLATFORM_PACKAGE,
  PLATFORMS,
  ROOT,
  SOURCES,
  tool,
  unpacked,
} from './packages.mjs';

const MEGABYTE = 1_000_000;
const LICENCES = ['LICENSE-APACHE', 'LICENSE-MIT'];
/** What every system has. */
const SYSTEM = /^((libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.\d|ld-linux.*|libc\.musl.*)$/;

/** What a source becomes. */
const ENDS = { '.ts': ['.js', '.d.ts'], '.mts': ['.mjs', '.d.mts'], '.d.ts': ['.d.ts'] };

const main = unpacked(PACKAGE);
const platform = unpacked(PLATFORM_PACKAGE);
const triple = platform.manifest.name.replace('@chatkeep/', '');
const library = join(platform.root, `chatkeep.${triple}.node`);

function sourceText(name) {
  return readFileSync(join(SOURCES, name), 'utf8');
}

test('the package holds what the sources become, and nothing else', () => {
  const compiled = filesOf(join(SOURCES, 'src')).flatMap((name) => {
    const [, stem, end] = /^(.*?)(\.d\.ts|\.ts|\.mts)$/.exec(name);
    return ENDS[end].map((became) => `dist/${stem}${became}`);
  });
  assert.ok(compiled.includes('dist/index.mjs') && compiled.includes('dist/index.d.mts'));
  const about = ['package.json', 'README.md', ...LICENCES];
  assert.deepEqual(main.files, [...compiled, ...about].sort());
});

test('the package of the platform holds a library, and nothing else', () => {
  const about = ['package.json', 'README.md', ...LICENCES];
  assert.deepEqual(platform.files, [`chatkeep.${triple}.node`, ...about].sort());
  for (const { root } of [main, platform]) {
    for (const name of LICENCES) {
      assert.equal(readFileSync(join(root, name), 'utf8'), readFileSync(join(ROOT, name), 'utf8'));
    }
  }
});

test('nothing is run when it is installed', () => {
  for (const { manifest } of [main, platform]) {
    assert.equal(manifest.scripts, undefined);
    assert.equal(manifest.gypfile, undefined);
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.devDependencies, undefined);
  }
});

test('there is a package for each platform, all of one version, which is that of the crates', () => {
  const { version, optionalDependencies } = main.manifest;
  const names = Object.keys(PLATFORMS).map((name) => `@chatkeep/${name}`);
  assert.deepEqual(Object.keys(optionalDependencies), names);
  assert.deepEqual(new Set(Object.values(optionalDependencies)), new Set([version]));
  assert.equal(platform.manifest.version, version);
  const workspace = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8');
  assert.equal(/^\[workspace\.package\]\nversion = "(.*)"/m.exec(workspace)[1], version);
});

test('npm can tell for which systems the library is', () => {
  const { os, cpu, libc, main: entry } = platform.manifest;
  const wanted = PLATFORMS[triple];
  assert.deepEqual([os, cpu, libc], [[wanted.os], [wanted.cpu], wanted.libc && [wanted.libc]]);
  assert.equal(entry, `chatkeep.${triple}.node`);
});

test('the package is described', () => {
  assert.equal(readFileSync(join(main.root, 'README.md'), 'utf8'), sourceText('README.md'));
  const { engines, license, repository, description } = main.manifest;
  assert.deepEqual([engines.node, license], ['>=20', 'MIT OR Apache-2.0']);
  assert.equal(repository.directory, 'node');
  assert.ok(description.length > 20);
});

test('the packages are small', (t) => {
  const sizes = [PACKAGE, PLATFORM_PACKAGE].map((file) => statSync(file).size);
  t.diagnostic(`package ${kilobytes(sizes[0])}, of the platform ${kilobytes(sizes[1])}`);
  t.diagnostic(`the library ${kilobytes(statSync(library).size)}`);
  assert.ok(sizes[0] < 0.2 * MEGABYTE);
  assert.ok(sizes[1] < 15 * MEGABYTE);
});

function kilobytes(size) {
  return `${Math.round(size / 1000)} kB`;
}

test('every entry has types that a compiler finds, from both kinds of module', () => {
  const options = ['--no-color', '--no-emoji', '--format', 'ascii'];
  const told = execFileSync(tool('attw'), [PACKAGE, ...options], { encoding: 'utf8' });
  assert.match(told, /No problems found/);
});

const onLinux = { skip: process.platform !== 'linux' && 'a matter of Linux' };

function readelf(...options) {
  return execFileSync('readelf', ['--wide', ...options, library], { encoding: 'utf8' });
}

test('the library needs nothing but the system', onLinux, () => {
  const needed = [...readelf('--dynamic').matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(
    ([, name]) => name,
  );
  assert.ok(needed.length > 0);
  assert.deepEqual(
    needed.filter((name) => !SYSTEM.test(name)),
    [],
  );
});

test('the library runs on systems that are old enough', onLinux, (t) => {
  const versions = [...readelf('--version-info').matchAll(/GLIBC_(\d+)\.(\d+)/g)];
  const newest = versions
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .at(-1);
  t.diagnostic(`it needs the GNU C library ${newest?.join('.') ?? 'not'}`);
  // What is published says which; what was built here runs here.
  const { glibcVersionRuntime } = process.report.getReport().header;
  const floor = process.env.CHATKEEP_GLIBC ?? glibcVersionRuntime ?? '0.0';
  const [major, minor] = floor.split('.').map(Number);
  assert.ok(!newest || newest[0] < major || (newest[0] === major && newest[1] <= minor), floor);
});

test('what only tests need is in no package', () => {
  const folders = readdirSync(main.root);
  assert.ok(!folders.includes('test') && !folders.includes('node_modules'));
});
