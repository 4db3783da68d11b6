// Prints the declarations that stand, one a line and as JSON, in the file that is the argument.

import { readFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const told = lines.map((line) => JSON.parse(line));

const byName = new Map();
for (const { kind, name, js_doc: doc, def } of told) {
  const known = byName.get(name) ?? { name, doc: '', kind, members: [] };
  if (kind !== 'impl') Object.assign(known, { doc, kind });
  // The files of the crate are compiled in the order of their names, and so are the parts of a class.
  if (def) known.members.push(def);
  byName.set(name, known);
}

const indented = (text) => text.split('\n').map((line) => (line ? `  ${line.trim().replace(/^\*/, ' *')}` : line)).join('\n');

function declared({ name, doc, kind, members }) {
  const body = members.map(indented).join('\n');
  if (kind === 'fn') return `${doc}export declare ${members[0]};`;
  if (kind === 'interface') return `${doc}export interface ${name} {\n${body}\n}`;
  return `${doc}export declare class ${name} {\n${body}\n}`;
}

const all = [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
console.log(`/** The addon's types. Made from bindings/node by scripts/check-generated.sh --write. */

/** What begins a call: nothing when it has begun, or why it could not. */
export type Begun = Failure | null;

${all.map(declared).join('\n\n')}`);
