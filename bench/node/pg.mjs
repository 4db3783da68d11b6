// pg (node-postgres) with its pool and named statements, which are prepared once per connection.

import {
  FIELDS,
  PAGE,
  VERIFY,
  argumentsOf,
  checkPage,
  checkToken,
  hashOf,
  load,
  queriesOf,
  versionOf,
} from './protocol.mjs';

const { Pool } = load('pg');
const marks = (from) => Array.from({ length: 7 }, (_, index) => `$${from + index}`).join(', ');

export async function connect(setup) {
  const { host, port, user, password, database, callers } = setup;
  const pool = new Pool({
    host,
    port,
    user,
    password,
    database,
    ssl: false,
    max: callers,
    idleTimeoutMillis: 0,
  });
  const clients = await Promise.all(Array.from({ length: callers }, () => pool.connect()));
  for (const client of clients) client.release();
  return pool;
}

export async function ready(setup, pool, versions) {
  const query = async (sql) => Object.values((await pool.query(sql)).rows[0])[0];
  const durability = {};
  for (const [name, sql] of Object.entries(queriesOf(setup))) durability[name] = await query(sql);
  return {
    versions: { pg: versionOf('pg'), postgresql: await query('SHOW server_version'), ...versions },
    durability,
  };
}

export async function open(setup) {
  const pool = await connect(setup);
  const into = `INSERT INTO messages (${FIELDS})`;
  const insert = `${into} VALUES (${marks(1)}) RETURNING id`;
  // As recommended in its documentation for many rows: one statement with arrays.
  const types = ['timestamp', 'text', 'text', 'text', 'text', 'bigint', 'jsonb'];
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
  const insertMany = `${into} SELECT * FROM unnest(${arrays}) RETURNING id`;
  const run = async (name, text, values) => (await pool.query({ name, text, values })).rows;
  return {
    ready: () => ready(setup, pool, {}),
    log: async () => (await run('log', insert, argumentsOf(setup))).map(({ id }) => id),
    bulk: async () => {
      const rows = Array.from({ length: setup.batch }, () => argumentsOf(setup));
      const columns = types.map((_, index) => rows.map((row) => row[index]));
      return (await run('bulk', insertMany, columns)).map(({ id }) => id);
    },
    page: async () => checkPage(await run('page', `${PAGE}$1`, [setup.page])),
    verify: async (token) => checkToken((await run('verify', `${VERIFY}$1`, [hashOf(token)]))[0]),
  };
}
