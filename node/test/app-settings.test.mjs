/** Settings of the application: values of JavaScript, and the environment. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from './support/stores.mjs';

const settingsOf = (t) => memoryStore(t).appSettingManager;

const containingItself = [];
containingItself.push({ self: containingItself });

test('values are stored as JSON', async (t) => {
  const settings = settingsOf(t);
  const date = new Date('2024-02-29T12:00:00Z');
  for (const [value, stored = value] of [
    [null],
    [true],
    [7],
    [1.5],
    [2n ** 60n],
    [2n ** 64n - 1n],
    [5n, 5],
    ['é😀'],
    [''],
    [[1, [null, 2n ** 60n]]],
    [{ b: [], a: { c: false } }],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [date, date.toISOString()],
  ]) {
    const setting = await settings.setSetting('a', value);
    assert.deepEqual(setting.value, stored);
    assert.deepEqual(await settings.getSetting('a'), setting);
    assert.deepEqual((await settings.setSettings({ b: value })).b.value, stored);
    const found = await settings.getSetting('c', { defaultValue: value });
    if (value === null) assert.equal(found, null);
    else assert.deepEqual([found.value, found.source, found.version], [stored, 'default', 0]);
  }
});

test('results with integers beyond 2^53 have a JSON form', async (t) => {
  const settings = settingsOf(t);
  const setting = await settings.setSetting('a', 2n ** 60n);
  assert.equal(JSON.parse(JSON.stringify(setting)).value, String(2n ** 60n));
  await settings.setSetting('b', { n: [2n ** 60n] });
  const all = JSON.parse(JSON.stringify(await settings.getSettings()));
  assert.deepEqual([all.a.value, all.b.value.n], [String(2n ** 60n), [String(2n ** 60n)]]);
});

test('other values are errors that name the argument', async (t) => {
  const settings = settingsOf(t);
  const code = 'CHATKEEP_INVALID_INPUT';
  for (const value of [
    undefined,
    Number.NaN,
    [Infinity],
    2n ** 64n,
    'a\0',
    'a\ud800',
    containingItself,
    () => 1,
    new Set([1]),
    { toJSON: () => undefined },
  ]) {
    await assert.rejects(async () => settings.setSetting('a', value), { code, field: 'value' });
    await assert.rejects(async () => settings.setSettings({ first: 1, api_version: value }), {
      code,
      field: 'values[api_version]',
    });
    if (value === undefined) continue;
    await assert.rejects(async () => settings.getSetting('a', { defaultValue: value }), {
      code,
      field: 'defaultValue',
    });
  }
  assert.deepEqual(await settings.getSettings(), {});
});

test('values by key are an object', async (t) => {
  const settings = settingsOf(t);
  for (const values of [undefined, null, 5, 'a', [1], new Map([['a', 1]])]) {
    await assert.rejects(async () => settings.setSettings(values), {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'values',
    });
  }
  await assert.rejects(async () => settings.setSettings({ api_key: 1 }), {
    code: 'CHATKEEP_INVALID_INPUT',
    field: 'values[api_key]',
  });
});

test('variables take precedence at each call', async (t) => {
  const settings = settingsOf(t);
  const name = 'CHATKEEP_SETTING_TENANT_7__UI_THEME';
  t.after(() => delete process.env[name]);
  const scope = 'tenant:7';
  await settings.setSetting('ui.theme', 'dark', { scope });
  process.env[name] = '{"name": "light"}';
  const setting = await settings.getSetting('ui.theme', { scope });
  assert.deepEqual([setting.value, setting.source], [{ name: 'light' }, 'environment']);
  assert.deepEqual((await settings.getSettings({ scope }))['ui.theme'], setting);
  process.env[name] = 'plain text';
  assert.equal((await settings.getSetting('ui.theme', { scope })).value, 'plain text');
  delete process.env[name];
  assert.equal((await settings.getSetting('ui.theme', { scope })).value, 'dark');
});
