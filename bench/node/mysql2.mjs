// mysql2 with its pool; `execute` prepares and caches statements.

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

const mysql = load('mysql2/promise');

export async function connect(setup) {
  const { host, port, user, password, database, callers } = setup;
  const pool = mysql.createPool({
    host,
    port,
    user,
    password,
    database,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectionLimit: callers,
    maxIdle: callers,
    idleTimeout: 3_600_000,
  });
  const connections = await Promise.all(
    Array.from({ length: callers }, () => pool.getConnection()),
  );
  for (const connection of connections) connection.release();
  return pool;
}

export async function ready(setup, pool, versions) {
  const query = async (sql) => String(Object.values((await pool.query(sql))[0][0])[0]);
  const durability = {};
  for (const [name, sql] of Object.entries(queriesOf(setup))) durability[name] = await query(sql);
  const all = {
    mysql2: versionOf('mysql2'),
    [setup.engine]: await query('SELECT VERSION()'),
    ...versions,
  };
  return { versions: all, durability };
}

export async function open(setup) {
  const pool = await connect(setup);
  const insert = `INSERT INTO messages (${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  // As in its documentation for many rows: `query` formats the values. The ids of one insert are
  // consecutive.
  const insertMany = `INSERT INTO messages (${FIELDS}) VALUES ?`;
  // MariaDB stores JSON as text, which the driver returns unparsed.
  const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value);
  return {
    ready: () => ready(setup, pool, {}),
    log: async () => [(await pool.execute(insert, argumentsOf(setup)))[0].insertId],
    bulk: async () => {
      const rows = Array.from({ length: setup.batch }, () => argumentsOf(setup));
      const [{ insertId }] = await pool.query(insertMany, [rows]);
      return rows.map((_, index) => insertId + index);
    },
    page: async () => {
      // In prepared statements, MySQL accepts a limit only as text.
      const [rows] = await pool.execute(`${PAGE}?`, [String(setup.page)]);
      return checkPage(rows.map((message) => ({ ...message, metadata: parsed(message.metadata) })));
    },
    verify: async (token) => checkToken((await pool.execute(`${VERIFY}?`, [hashOf(token)]))[0][0]),
  };
}
