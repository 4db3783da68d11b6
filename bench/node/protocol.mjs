// The protocol of a competitor, like bench/protocol for Rust: one JSON value per line.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

/** Folder with node_modules, outside the clone. */
export const folder = process.env.BENCH_NODE_MODULES;
export const load = createRequire(`${folder}/`);

export const versionOf = (name) =>
  JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`, 'utf8')).version;

export const hashOf = (token) => createHash('sha256').update(token).digest('hex');

const pad = (number, width) => String(number).padStart(width, '0');

/** Returns the current time in the text format of the schema: UTC with microseconds. */
export function nowText() {
  const now = performance.timeOrigin + performance.now();
  const text = new Date(now).toISOString().replace('T', ' ').slice(0, 23);
  return text + pad(Math.floor((now % 1) * 1000), 3);
}

export const FIELDS =
  'timestamp, user_message, bot_response, provider, model, tokens_used, metadata';
export const PAGE = `SELECT id, ${FIELDS} FROM messages ORDER BY timestamp DESC, id DESC LIMIT `;
export const VERIFY = 'SELECT is_active, expires_at FROM api_tokens WHERE token_hash = ';

/** Returns the message that all competitors log, as arguments of a statement. */
export function argumentsOf({ row }) {
  const { user_message, bot_response, provider, model, tokens_used, metadata } = row;
  return [nowText(), user_message, bot_response, provider, model, tokens_used, metadata];
}

/** Returns the queries of the engine's durability settings, by name. */
export function queriesOf({ engine }) {
  const names = {
    sqlite: ['journal_mode', 'synchronous'],
    postgresql: ['fsync', 'full_page_writes', 'synchronous_commit'],
  }[engine] ?? ['innodb_doublewrite', 'innodb_flush_log_at_trx_commit'];
  const prefix = { sqlite: 'PRAGMA ', postgresql: 'SHOW ' }[engine] ?? 'SELECT @@';
  return Object.fromEntries(names.map((name) => [name, prefix + name]));
}

export function checkPage(page) {
  const { metadata } = page[0];
  if (typeof metadata !== 'object' || metadata === null)
    throw new Error('the page has no metadata');
  return page.length;
}

export function checkToken(found) {
  const expires = found.expires_at ?? found.expiresAt;
  if (!(found.is_active ?? found.isActive) || (expires && new Date(expires) <= new Date())) {
    throw new Error('a valid token was rejected');
  }
  return 1;
}

/** The calls of one caller in a round. */
class Tally {
  calls = 0;
  rows = 0;
  idSum = 0;
  hasIds = false;
  times = [];

  /** Adds a call: an array of the ids of stored rows, or a number of rows with unknown ids. */
  add(result) {
    this.calls += 1;
    if (typeof result === 'number') {
      this.rows += result;
    } else {
      this.rows += result.length;
      for (const id of result) this.idSum += Number(id);
      this.hasIds = true;
    }
  }
}

function outcome(begin, end, tallies) {
  const times = Float64Array.from(tallies.flatMap((tally) => tally.times)).sort();
  const percentile = (percent) =>
    times[Math.max(Math.ceil((times.length * percent) / 100), 1) - 1] * 1000;
  const sum = (count) => tallies.reduce((total, tally) => total + count(tally), 0);
  return {
    calls: sum((tally) => tally.calls),
    rows: sum((tally) => tally.rows),
    seconds: (end - begin) / 1000,
    p50_us: percentile(50),
    p99_us: percentile(99),
    id_sum: tallies.some((tally) => tally.hasIds) ? sum((tally) => tally.idSum) : null,
  };
}

const send = (response) => process.stdout.write(`${JSON.stringify(response)}\n`);

/** Runs one promise per caller. A call of a competitor returns a value or a promise. */
export async function serve(open) {
  try {
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const setup = JSON.parse((await lines.next()).value);
    const competitor = await open(setup);
    const { versions, ...rest } = await competitor.ready();
    send({ ready: { versions: { Node: process.versions.node, ...versions }, ...rest } });
    for await (const line of lines) {
      const length = JSON.parse(line).go * 1000;
      const begin = performance.now();
      const end = begin + length;
      const work = async (caller) => {
        const tally = new Tally();
        let index = caller;
        let last = performance.now();
        while (last < end) {
          index = (index + 1) % Math.max(setup.tokens.length, 1);
          const result = competitor[setup.path](setup.tokens[index]);
          // Values are awaited too, so that callers take turns and call times include the wait for
          // the others.
          tally.add(result instanceof Promise || setup.callers > 1 ? await result : result);
          const now = performance.now();
          tally.times.push(now - last);
          last = now;
        }
        return tally;
      };
      const tallies = await Promise.all(
        Array.from({ length: setup.callers }, (_, caller) => work(caller)),
      );
      send({ result: outcome(begin, performance.now(), tallies) });
    }
    process.exit(0);
  } catch (error) {
    // Some drivers wrap an error and omit its cause from their message.
    send({ error: `${error}${error.cause ? `: ${error.cause}` : ''}`.slice(0, 500) });
    process.exit(1);
  }
}
