/** Contents of the packages, and dependencies of the addon. */

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
/** Libraries that are part of every system. */
const SYSTEM = /^((libc|libm|libgcc_s|libpthread|libdl|librt)\.so\.\d|ld-linux.*|libc\.musl.*)$/;

/** Compiled files of a source, by extension. */
const COMPILED = { '.ts': ['.js', '.d.ts'], '.mts': ['.mjs', '.d.mts'], '.d.ts': ['.d.ts'] };

const main = unpacked(PACKAGE);
const platform = unpacked(PLATFORM_PACKAGE);
const triple = platform.manifest.name.replace('@chatkeep/', '');
const library = join(platform.root, `chatkeep.${triple}.node`);

function sourceText(name) {
  return readFileSync(join(SOURCES, name), 'utf8');
}

test('the package contains exactly the compiled sources', () => {
  const compiled = filesOf(join(SOURCES, 'src')).flatMap((name) => {
    const [, stem, end] = /^(.*?)(\.d\.ts|\.ts|\.mts)$/.exec(name);
    return COMPILED[end].map((extension) => `dist/${stem}${extension}`);
  });
  assert.ok(compiled.includes('dist/index.mjs') && compiled.includes('dist/index.d.mts'));
  const about = ['package.json', 'README.md', ...LICENCES];
  assert.deepEqual(main.files, [...compiled, ...about].sort());
});

test('the platform package contains only the addon and its licences', () => {
  const about = ['package.json', 'README.md', ...LICENCES];
  assert.deepEqual(platform.files, [`chatkeep.${triple}.node`, ...about].sort());
  for (const { root } of [main, platform]) {
    for (const name of LICENCES) {
      assert.equal(readFileSync(join(root, name), 'utf8'), readFileSync(join(ROOT, name), 'utf8'));
    }
  }
});

test('the packages have no install scripts and no dependencies', () => {
  for (const { manifest } of [main, platform]) {
    assert.equal(manifest.scripts, undefined);
    assert.equal(manifest.gypfile, undefined);
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.devDependencies, undefined);
  }
});

test('every platform has an optional dependency with the version of the crates', () => {
  const { version, optionalDependencies } = main.manifest;
  const names = Object.keys(PLATFORMS).map((name) => `@chatkeep/${name}`);
  assert.deepEqual(Object.keys(optionalDependencies), names);
  assert.deepEqual(new Set(Object.values(optionalDependencies)), new Set([version]));
  assert.equal(platform.manifest.version, version);
  const workspace = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8');
  assert.equal(/^\[workspace\.package\]\nversion = "(.*)"/m.exec(workspace)[1], version);
});

test('the platform manifest restricts the operating system and CPU', () => {
  const { os, cpu, libc, main: entry } = platform.manifest;
  const wanted = PLATFORMS[triple];
  assert.deepEqual([os, cpu, libc], [[wanted.os], [wanted.cpu], wanted.libc && [wanted.libc]]);
  assert.equal(entry, `chatkeep.${triple}.node`);
});

test('the manifest has a description, licence and engine', () => {
  assert.equal(readFileSync(join(main.root, 'README.md'), 'utf8'), sourceText('README.md'));
  const { engines, license, repository, description } = main.manifest;
  assert.deepEqual([engines.node, license], ['>=20', 'MIT OR Apache-2.0']);
  assert.equal(repository.directory, 'node');
  assert.ok(description.length > 20);
});

test('the packages are within their size limits', (t) => {
  const sizes = [PACKAGE, PLATFORM_PACKAGE].map((file) => statSync(file).size);
  t.diagnostic(`package ${kilobytes(sizes[0])}, platform package ${kilobytes(sizes[1])}`);
  t.diagnostic(`addon ${kilobytes(statSync(library).size)}`);
  assert.ok(sizes[0] < 0.3 * MEGABYTE);
  // `make test` builds without optimisation, which is larger than the published package.
  assert.ok(sizes[1] < 25 * MEGABYTE);
});

function kilobytes(size) {
  return `${Math.round(size / 1000)} kB`;
}

test('every entry point has types for ES modules and CommonJS', () => {
  const options = ['--no-color', '--no-emoji', '--format', 'ascii'];
  const output = execFileSync(tool('attw'), [PACKAGE, ...options], { encoding: 'utf8' });
  assert.match(output, /No problems found/);
});

const onLinux = { skip: process.platform !== 'linux' && 'only on Linux' };

function readelf(...options) {
  return execFileSync('readelf', ['--wide', ...options, library], { encoding: 'utf8' });
}

test('the addon depends only on system libraries', onLinux, () => {
  const needed = [...readelf('--dynamic').matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(
    ([, name]) => name,
  );
  assert.ok(needed.length > 0);
  assert.deepEqual(
    needed.filter((name) => !SYSTEM.test(name)),
    [],
  );
});

test('the addon needs no newer glibc than supported', onLinux, (t) => {
  const versions = [...readelf('--version-info').matchAll(/GLIBC_(\d+)\.(\d+)/g)];
  const newest = versions
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .at(-1);
  t.diagnostic(`minimum glibc: ${newest?.join('.') ?? 'none'}`);
  // Published builds set CHATKEEP_GLIBC; local builds must run on this system.
  const { glibcVersionRuntime } = process.report.getReport().header;
  const floor = process.env.CHATKEEP_GLIBC ?? glibcVersionRuntime ?? '0.0';
  const [major, minor] = floor.split('.').map(Number);
  assert.ok(!newest || newest[0] < major || (newest[0] === major && newest[1] <= minor), floor);
});

test('test files are not packaged', () => {
  const folders = readdirSync(main.root);
  assert.ok(!folders.includes('test') && !folders.includes('node_modules'));
});
