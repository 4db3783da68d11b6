/** The state of the database and the connection pool. */

/** Connection counts of the pool. */
export interface PoolStatus {
  /** Maximum number of connections that stay open when idle. */
  readonly poolSize: number;
  /** Number of idle connections. */
  readonly checkedIn: number;
  /** Number of connections in use, including those being opened. */
  readonly checkedOut: number;
  /** Number of connections in use beyond `poolSize`. */
  readonly overflow: number;
  /** Sum of `checkedIn` and `checkedOut`. */
  readonly total: number;
  /** Maximum number of connections: `poolSize` plus the allowed overflow. */
  readonly max: number;
  /** Number of calls waiting for a connection. */
  readonly waiting: number;
}

/** How a schema compares to this version: `head` if it matches. */
export type SchemaState =
  | 'head'
  | 'behind'
  | 'newer'
  | 'changed'
  | 'missing'
  | 'out_of_order'
  | 'dirty';

/** The result of a health check. */
export interface Health {
  /** Whether the schema matches this version; `schema` is the difference. */
  readonly ok: boolean;
  /** The engine, as the server reports it. */
  readonly engine: string;
  /** Version of the server, or of SQLite. */
  readonly serverVersion: string;
  /** Response time of the database in milliseconds, including connecting where necessary. */
  readonly latencyMs: number;
  readonly schema: SchemaState;
  /** State of the pool after the check. */
  readonly pool: PoolStatus;
}

/** The state of the search index. Only a `ready` index is used by searches. */
export type SearchIndexState = 'absent' | 'ready' | 'unfinished' | 'unsupported';
