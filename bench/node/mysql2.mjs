// mysql2 with its pool; `execute` prepares and keeps what it runs.

import { FIELDS, PAGE, VERIFY, argumentsOf, checkPage, checkToken, hashOf, load, questionsOf, versionOf } from './protocol.mjs';

const mysql = load('mysql2/promise');

export async function connect(setup) {
  const { host, port, user, password, database, callers } = setup;
  const pool = mysql.createPool({
    host, port, user, password, database,
    charset: 'utf8mb4',
    timezone: 'Z',
    connectionLimit: callers,
    maxIdle: callers,
    idleTimeout: 3_600_000,
  });
  const connections = await Promise.all(Array.from({ length: callers }, () => pool.getConnection()));
  for (const connection of connections) connection.release();
  return pool;
}

export async function ready(setup, pool, versions) {
  const ask = async (sql) => String(Object.values((await pool.query(sql))[0][0])[0]);
  const durability = {};
  for (const [name, sql] of Object.entries(questionsOf(setup))) durability[name] = await ask(sql);
  const all = { mysql2: versionOf('mysql2'), [setup.engine]: await ask('SELECT VERSION()'), ...versions };
  return { versions: all, durability };
}

export async function open(setup) {
  const pool = await connect(setup);
  const insert = `INSERT INTO messages (${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  // As its documentation has it for many rows: `query` writes the values out. The ids of one insert follow each other.
  const insertMany = `INSERT INTO messages (${FIELDS}) VALUES ?`;
  // MariaDB's JSON is text, which the driver hands on as it is.
  const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value);
  return {
    ready: () => ready(setup, pool, {}),
    log: async () => [(await pool.execute(insert, argumentsOf(setup)))[0].insertId],
    bulk: async () => {
      const rows = Array.from({ length: setup.batch }, () => argumentsOf(setup));
      const [{ insertId }] = await pool.query(insertMany, [rows]);
      return rows.map((_, place) => insertId + place);
    },
    page: async () => {
      // MySQL takes a limit as text alone in what is prepared.
      const [rows] = await pool.execute(`${PAGE}?`, [String(setup.page)]);
      return checkPage(rows.map((message) => ({ ...message, metadata: parsed(message.metadata) })));
    },
    verify: async (token) => checkToken((await pool.execute(`${VERIFY}?`, [hashOf(token)]))[0][0]),
  };
}
