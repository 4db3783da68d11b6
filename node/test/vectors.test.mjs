/** The cases of tests/vectors/*.json, which every language must agree on. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ChatkeepError } from 'chatkeep';
import { camel, parseExactly } from './support/exact_json.mjs';
import { onEachEngine } from './support/stores.mjs';

const FOLDER = new URL('../../tests/vectors/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** The value with `$repeat` and `$concat` replaced by the texts that they stand for. */
function spelledOut(value) {
  if (Array.isArray(value)) return value.map(spelledOut);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === '$repeat')
    return value.$repeat[0].repeat(Number(value.$repeat[1]));
  if (keys.length === 1 && keys[0] === '$concat') return value.$concat.map(spelledOut).join('');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spelledOut(one)]));
}

/** Keys as JavaScript spells them; what is below them is the caller's. */
function spelled(value) {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [camel(key), one]));
}

/** Makes a call, and gives its answer in the form of the vectors, with JavaScript's names. */
async function perform({ messageLogger: log, tokenManager: tokens }, call, given) {
  const options = spelled(given);
  switch (call) {
    case 'log_message':
      return log.getMessageById(await log.logMessage(options));
    case 'canonical_metadata': {
      const id = await log.logMessage({ message: 'm', metadata: parseExactly(options.json) });
      return (await log.getMessageById(id)).metadata;
    }
    case 'get_messages':
      return (await log.getMessages(options)).map(({ userMessage }) => userMessage);
    case 'search_messages': {
      const { query, ...rest } = options;
      return (await log.searchMessages(query, rest)).map(({ userMessage }) => userMessage);
    }
    case 'check_token': {
      const check = await tokens.checkToken(options.token);
      assert.equal(await tokens.verifyToken(options.token), check.valid);
      return check;
    }
    case 'create_token':
      return tokens.createToken(options);
    case 'get_message_count':
      return log.getMessageCount(options);
    case 'get_analytics':
      return log.getAnalytics(options);
    case 'delete_old_messages':
    case 'count_old_messages':
      return log[camel(call)](options.days);
    default:
      throw new Error(`no such call: ${call}`);
  }
}

async function rows({ messageLogger, tokenManager }) {
  return [await messageLogger.getMessageCount(), (await tokenManager.listTokens()).length];
}

/** A moment of the vectors as a `Date` shows it. */
function shown(key, value) {
  return ['timestamp', 'createdAt', 'expiresAt'].includes(key) && typeof value === 'string'
    ? new Date(value)
    : value;
}

/** What is wrong with a case; nothing when all is well. */
async function wrong(chat, { call, arguments: given, expect, error: refusal }) {
  const before = await rows(chat);
  let answer;
  try {
    answer = await perform(chat, call, spelledOut(given));
  } catch (error) {
    if (!(error instanceof ChatkeepError) || !refusal) return `rejected with ${error}`;
    const code = `CHATKEEP_${refusal.kind.replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase()}`;
    if (error.code !== code || error.field !== camel(refusal.field))
      return `rejected with ${error.code} about ${error.field}`;
    return isDeepStrictEqual(await rows(chat), before) ? undefined : 'something was stored';
  }
  if (refusal) return `answered ${JSON.stringify(answer)}`;
  const expected = spelledOut(expect);
  if (call === 'canonical_metadata') {
    return isDeepStrictEqual(answer, parseExactly(expected))
      ? undefined
      : `answered ${String(answer)}`;
  }
  if (['log_message', 'create_token', 'check_token'].includes(call)) {
    for (const [key, value] of Object.entries(spelled(expected))) {
      if (!isDeepStrictEqual(answer[key], shown(key, value)))
        return `answered ${key} ${answer[key]}`;
    }
    return undefined;
  }
  const whole = call === 'get_analytics' ? spelled(expected) : expected;
  return isDeepStrictEqual(answer, whole) ? undefined : `answered ${Object.values(answer)}`;
}

for (const name of FILES) {
  const file = parseExactly(readFileSync(new URL(name, FOLDER), 'utf8'));
  onEachEngine(`every case is as the vectors say: ${name}`, async (_, { chat }) => {
    for (const message of file.messages ?? [])
      await perform(chat, 'log_message', spelledOut(message));
    const cases = file.cases.filter((one) => !one.text_only);
    const found = {};
    for (const one of cases) {
      const what = await wrong(chat, one);
      if (what) found[one.name] = what;
    }
    assert.deepEqual(found, {});
    assert.ok(cases.length > 5);
  });
}

test('all seven files are there', () => {
  assert.equal(FILES.length, 7);
});
