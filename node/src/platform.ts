/** Selection of the native addon for this machine. */

import process from 'node:process';

/**
 * Returns this platform's name, in the form that packages of native addons use.
 *
 * @returns For example `linux-x64-gnu`.
 */
export function platform(): string {
  const { arch, platform: system } = process;
  if (system === 'win32') return `win32-${arch}-msvc`;
  if (system !== 'linux') return `${system}-${arch}`;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return `linux-${arch}-${header?.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}
