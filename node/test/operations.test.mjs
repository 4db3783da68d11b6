/** The classes have every operation of `api/chatkeep.json`, with its parameters. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { camel } from './support/exact_json.mjs';
import { memoryStore } from './support/stores.mjs';

const FILE = new URL('../../api/chatkeep.json', import.meta.url);
const { interfaces, records } = JSON.parse(readFileSync(FILE, 'utf8'));
const DECLARATIONS = new URL('../dist/', import.meta.url);

/** Operations whose arguments are not the described parameters, with the reason. */
const DIFFERENT = {
  log_message: 'the parameters are the keys of one object',
};
/** Options that only JavaScript has, with the reason. */
const FURTHER = {
  wait_until_ready: ['timeout'], // JavaScript has no other way to limit a wait without an error.
};

/** Returns the object with the operations of an interface. */
const ownerOf = (chat, { attribute }) => (attribute === undefined ? chat : chat[camel(attribute)]);

const isPositional = ({ default: omitted, placement }) =>
  placement === 'positional' || (omitted === undefined && placement === undefined);

for (const described of interfaces) {
  const { name: group, operations } = described;
  for (const { name, form, parameters } of operations) {
    test(`the operation exists with its parameters: ${group}.${name}`, async (t) => {
      const owner = ownerOf(memoryStore(t), described);
      const method = camel(name);
      if (form === 'property') {
        assert.equal(typeof owner[method], 'string');
        return;
      }
      assert.equal(typeof owner[method], 'function', `${method} is missing`);
      if (form === 'immediate') {
        assert.equal(typeof owner[method](), 'object');
        return;
      }
      const isDifferent = name in DIFFERENT;
      const positional = isDifferent ? parameters.slice(0, 1) : parameters.filter(isPositional);
      const named = isDifferent ? [] : parameters.filter((one) => !isPositional(one));

      // An unknown option is rejected, and the error lists the valid ones.
      const placeholders = positional.map(() => undefined);
      const called = owner[method](...placeholders, { noSuchOption: 1 });
      const error = await (called.next?.() ?? called).catch((reason) => reason);
      assert.deepEqual([error.field, error.operation], ['noSuchOption', method]);
      const valid = error.message.split('valid options: ')[1].split(', ');
      const expected = [...named.map((one) => camel(one.name)), ...(FURTHER[name] ?? [])];
      assert.deepEqual(valid, [...expected, 'signal']);

      // The declared parameters have the described names.
      const file = new URL(`generated/${group}.d.ts`, DECLARATIONS);
      const declared = readFileSync(file, 'utf8').match(
        new RegExp(`^ {4}${method}(?:<[^>]*>)?\\(([^)]*)\\)`, 'm'),
      );
      const names = [...declared[1].matchAll(/(\w+)\??: /g)].map(([, parameter]) => parameter);
      assert.deepEqual(names, [...positional.map((one) => camel(one.name)), 'options']);
    });
  }
}

test('every interface is an object of each store, and of the environment', async (t) => {
  const chatkeep = await import('chatkeep');
  const chat = memoryStore(t);
  for (const described of interfaces.filter(({ attribute }) => attribute !== undefined)) {
    const name = camel(described.attribute);
    assert.equal(chat[name].constructor.name, described.class);
    assert.equal(chatkeep[name], chatkeep.fromEnvironment()[name]);
  }
});

test('every operation that waits can be aborted', async (t) => {
  const chat = memoryStore(t);
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  for (const described of interfaces) {
    for (const { name, form, parameters } of described.operations) {
      if (form !== 'call') continue;
      const count = name in DIFFERENT ? 1 : parameters.filter(isPositional).length;
      const called = ownerOf(chat, described)[camel(name)](...Array(count).fill('text'), {
        signal,
      });
      await assert.rejects(called.next?.() ?? called, (error) => error === reason, name);
    }
  }
});

test('every described record has a type with its keys', () => {
  const text = readFileSync(new URL('generated/types.d.ts', DECLARATIONS), 'utf8');
  for (const { name, fields } of records) {
    const declared = text.match(new RegExp(`^export interface ${name}(?:Keys)? {\\n(.*?)^}`, 'ms'));
    const keys = [...declared[1].matchAll(/^ {4}readonly (\w+)\??:/gm)].map(([, key]) => key);
    assert.deepEqual(
      keys,
      fields.map((field) => camel(field.name)),
      name,
    );
  }
});
