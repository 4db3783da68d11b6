/** The scenarios of tests/vectors/operations/*.json, which every language must pass. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { camel } from './support/exact_json.mjs';
import { all, onEachEngine, openStore } from './support/stores.mjs';
import { codeOf, expand, readVectors } from './support/vectors.mjs';

const API = new URL('../../api/chatkeep.json', import.meta.url);
const { interfaces, records } = JSON.parse(readFileSync(API, 'utf8'));
/** Types of the items of iterators. */
const ITEMS = { iter_messages: 'Message' };

/** Converts the keys of records to camel case, and base64 text to bytes. Other keys are data. */
function spelled(type, value) {
  const inner = type.replace('?', '');
  const element = inner.match(/^list<(.*)>$/)?.[1];
  if (element !== undefined && Array.isArray(value)) {
    return value.map((one) => spelled(element, one));
  }
  const values = inner.match(/^map<(.*)>$/)?.[1];
  if (values !== undefined && typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => [key, spelled(values, one)]);
    return Object.fromEntries(entries);
  }
  if (inner === 'bytes' && typeof value === 'string') return Buffer.from(value, 'base64');
  const fields = records.find(({ name }) => name === inner)?.fields;
  if (fields === undefined || typeof value !== 'object' || value === null) return value;
  const typeOf = (key) => fields.find(({ name }) => name === key)?.type ?? '';
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [camel(key), spelled(typeOf(key), one)]),
  );
}

/** Returns the arguments of a method: those by position, and an object with the others. */
function argumentsOf({ name, parameters }, args) {
  const isPositional = ({ default: omitted, placement }) =>
    name !== 'log_message' &&
    (placement === 'positional' || (omitted === undefined && placement === undefined));
  const value = (parameter) => spelled(parameter.type, args[parameter.name]);
  const named = parameters.filter((one) => !isPositional(one) && one.name in args);
  return [
    ...parameters.filter(isPositional).map(value),
    Object.fromEntries(named.map((one) => [camel(one.name), value(one)])),
  ];
}

/** Makes a call. The items of an iterator are returned as an array. */
async function perform(chat, { attribute }, operation, args) {
  const owner = attribute === undefined ? chat : chat[camel(attribute)];
  const method = camel(operation.name);
  if (operation.form === 'property') return owner[method];
  const result = owner[method](...argumentsOf(operation, args));
  return operation.name in ITEMS ? all(result) : ((await result) ?? null);
}

/** Returns the part of a result that is compared with an expectation. */
function compared(result, expected) {
  if (typeof expected !== 'object' || expected === null || result === null) {
    const isTime = result instanceof Date && typeof expected === 'string';
    return isTime && result.getTime() === Date.parse(expected) ? expected : result;
  }
  if (expected.$any === true) return expected;
  if (Array.isArray(expected)) {
    const isComparable = Array.isArray(result) && result.length === expected.length;
    return isComparable ? result.map((one, index) => compared(one, expected[index])) : result;
  }
  const isWhole = typeof result !== 'object' || result instanceof Date || Buffer.isBuffer(result);
  if (isWhole) return result;
  const keys = Object.keys(expected).filter((key) => key in result);
  return Object.fromEntries(keys.map((key) => [key, compared(result[key], expected[key])]));
}

async function run(chat, steps) {
  const saved = {};
  for (const [index, { call, arguments: args = {}, expect, error, save = {} }] of steps.entries()) {
    const where = `step ${index + 1}, ${call}`;
    const [group, name] = call.split('.');
    const described = interfaces.find((one) => one.name === group);
    const operation = described.operations.find((one) => one.name === name);
    const pending = perform(chat, described, operation, expand(args, saved));
    if (error !== undefined) {
      const field = error.field && camel(error.field);
      await assert.rejects(pending, { code: codeOf(error.kind), field }, where);
      continue;
    }
    const result = await pending;
    if (expect !== undefined) {
      const type = name in ITEMS ? `list<${ITEMS[name]}>` : operation.returns;
      const expected = spelled(type, expand(expect, saved));
      assert.deepEqual({ where, result: compared(result, expected) }, { where, result: expected });
    }
    for (const [key, path] of Object.entries(save)) {
      const parts = path.split('.').filter((part) => part !== '');
      saved[key] = parts.reduce((value, part) => value[camel(part)], result);
    }
  }
}

for (const [file, { cases }] of readVectors('operations')) {
  for (const { name, engines = ['sqlite'], settings, steps } of cases) {
    // The Rust suite runs them on every engine; each needs a database of its own.
    const tested = engines.filter((engine) => engine === 'sqlite');
    onEachEngine(
      `${file}: ${name}`,
      (t, { chat, database }) =>
        run(settings === undefined ? chat : openStore(t, database, settings), steps),
      tested,
    );
  }
}
