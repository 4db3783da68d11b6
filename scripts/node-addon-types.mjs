// Prints the declarations in the file that is the argument. The file contains one JSON object per
// line.

import { readFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const parsed = lines.map((line) => JSON.parse(line));

const byName = new Map();
for (const { kind, name, js_doc: doc, def } of parsed) {
  const declaration = byName.get(name) ?? { name, doc: '', kind, members: [] };
  if (kind !== 'impl') Object.assign(declaration, { doc, kind });
  // The files of the crate are compiled in the order of their names, so the parts of a class are in
  // that order.
  if (def) declaration.members.push(def);
  byName.set(name, declaration);
}

const indented = (text) =>
  text
    .split('\n')
    .map((line) => (line ? `  ${line.trim().replace(/^\*/, ' *')}` : line))
    .join('\n');

function declared({ name, doc, kind, members }) {
  const body = members.map(indented).join('\n');
  if (kind === 'fn') return `${doc}export declare ${members[0]};`;
  if (kind === 'interface') return `${doc}export interface ${name} {\n${body}\n}`;
  return `${doc}export declare class ${name} {\n${body}\n}`;
}

const all = [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
console.log(`/** The addon's types. Made from bindings/node by \`cargo xtask generated --write\`. */

/** The result of starting a call: null if it was started, otherwise the failure. */
export type Submitted = Failure | null;

${all.map(declared).join('\n\n').replace(/ +$/gm, '')}`);
