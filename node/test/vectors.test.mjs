/** The cases of tests/vectors/*.json, which every language must pass. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ChatkeepError } from 'chatkeep';
import { camel, parseExactly } from './support/exact_json.mjs';
import { onEachEngine } from './support/stores.mjs';
import { codeOf, expand, readVectors } from './support/vectors.mjs';

const FILES = readVectors();

/** Converts the top-level keys to camel case. Nested keys are data. */
function camelKeys(value) {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [camel(key), one]));
}

/** Makes a call, and returns its result in the form of the vectors, with keys in camel case. */
async function perform({ messageLogger: log, tokenManager: tokens }, call, args) {
  const options = camelKeys(args);
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

async function rowCounts({ messageLogger, tokenManager }) {
  return [await messageLogger.getMessageCount(), (await tokenManager.listTokens()).length];
}

/** Converts a timestamp of the vectors to a `Date`. */
function expectedValue(key, value) {
  return ['timestamp', 'createdAt', 'expiresAt'].includes(key) && typeof value === 'string'
    ? new Date(value)
    : value;
}

/** Runs a case. Returns a description of its failure, or `undefined` if it passes. */
async function failureOf(chat, { call, arguments: args, expect, error: expectedError }) {
  const before = await rowCounts(chat);
  let result;
  try {
    result = await perform(chat, call, expand(args));
  } catch (error) {
    if (!(error instanceof ChatkeepError) || !expectedError) return `rejected with ${error}`;
    if (error.code !== codeOf(expectedError.kind) || error.field !== camel(expectedError.field))
      return `rejected with ${error.code} about ${error.field}`;
    return isDeepStrictEqual(await rowCounts(chat), before) ? undefined : 'something was stored';
  }
  if (expectedError) return `returned ${JSON.stringify(result)}`;
  const expected = expand(expect);
  if (call === 'canonical_metadata') {
    return isDeepStrictEqual(result, parseExactly(expected))
      ? undefined
      : `returned ${String(result)}`;
  }
  if (['log_message', 'create_token', 'check_token'].includes(call)) {
    for (const [key, value] of Object.entries(camelKeys(expected))) {
      if (!isDeepStrictEqual(result[key], expectedValue(key, value)))
        return `returned ${key} ${result[key]}`;
    }
    return undefined;
  }
  const whole = call === 'get_analytics' ? camelKeys(expected) : expected;
  return isDeepStrictEqual(result, whole) ? undefined : `returned ${Object.values(result)}`;
}

for (const [name, file] of FILES) {
  onEachEngine(`every case of the vectors passes: ${name}`, async (_, { chat }) => {
    for (const message of file.messages ?? []) await perform(chat, 'log_message', expand(message));
    const cases = file.cases.filter((one) => !one.text_only);
    const failures = {};
    for (const one of cases) {
      const failure = await failureOf(chat, one);
      if (failure) failures[one.name] = failure;
    }
    assert.deepEqual(failures, {});
    assert.ok(cases.length > 5);
  });
}

test('all seven vector files exist', () => {
  assert.equal(FILES.length, 7);
});
