//! The live tables of each engine: columns, types, nullability, collations, keys and indexes.

use chatkeep_testkit::Engine;

use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![the_live_schema_matches_its_description];

const SQLITE: &str = "
messages
  id INTEGER not null key 1
  timestamp TEXT not null
  user_message TEXT not null
  bot_response TEXT
  provider VARCHAR(50)
  model VARCHAR(100)
  tokens_used BIGINT
  metadata TEXT
  index messages_provider_timestamp_id (provider, timestamp, id)
  index messages_timestamp_id (timestamp, id)
  ids are never reused
  metadata is checked to be JSON
api_tokens
  id INTEGER not null key 1
  token_hash CHAR(64) not null
  description VARCHAR(255) not null
  created_at TEXT not null
  expires_at TEXT
  is_active BOOLEAN not null default 1
  last_used_at TEXT
  token_start VARCHAR(16)
  unique index sqlite_autoindex_api_tokens_1 (token_hash)
  ids are never reused
message_totals
  hours INTEGER not null key 1
  start TEXT not null key 2
  provider VARCHAR(50) not null key 3
  model VARCHAR(100) not null key 4
  messages BIGINT not null
  with_tokens BIGINT not null
  tokens_high BIGINT not null
  tokens_low BIGINT not null
  unique index sqlite_autoindex_message_totals_1 (hours, start, provider, model)
message_counting
  id INTEGER not null key 1
  counted_to BIGINT not null
  settled_to BIGINT not null
  seen BIGINT not null
  seen_at TEXT not null
  revision BIGINT not null default 0
message_gaps
  first BIGINT not null key 1
  last BIGINT not null
  unique index sqlite_autoindex_message_gaps_1 (first)
unfinished_transfer
  id INTEGER not null key 1
  kind VARCHAR(20) not null
  source VARCHAR(255) not null
  started_at TEXT not null
  table_name VARCHAR(64)
  last_id BIGINT not null default 0
  stored_rows BIGINT not null default 0
";

const POSTGRESQL: &str = "
messages
  id bigint not null identity BY DEFAULT
  timestamp timestamp(6) without time zone not null
  user_message text not null
  bot_response text
  provider character varying(50)
  model character varying(100)
  tokens_used bigint
  metadata jsonb
  unique index messages_pkey (id)
  index messages_provider_timestamp_id (provider, timestamp, id)
  index messages_timestamp_id (timestamp, id)
api_tokens
  id bigint not null identity BY DEFAULT
  token_hash character(64) not null
  description character varying(255) not null
  created_at timestamp(6) without time zone not null
  expires_at timestamp(6) without time zone
  is_active boolean not null default true
  last_used_at timestamp(6) without time zone
  token_start character varying(16)
  unique index api_tokens_pkey (id)
  unique index api_tokens_token_hash_key (token_hash)
message_totals
  hours integer not null
  start timestamp(6) without time zone not null
  provider character varying(50) not null
  model character varying(100) not null
  messages bigint not null
  with_tokens bigint not null
  tokens_high bigint not null
  tokens_low bigint not null
  unique index message_totals_pkey (hours, start, provider, model)
message_counting
  id integer not null
  counted_to bigint not null
  settled_to bigint not null
  seen bigint not null
  seen_at timestamp(6) without time zone not null
  revision bigint not null default 0
  unique index message_counting_pkey (id)
message_gaps
  first bigint not null
  last bigint not null
  unique index message_gaps_pkey (first)
unfinished_transfer
  id integer not null
  kind character varying(20) not null
  source character varying(255) not null
  started_at timestamp(6) without time zone not null
  table_name character varying(64)
  last_id bigint not null default 0
  stored_rows bigint not null default 0
  unique index unfinished_transfer_pkey (id)
";

const MARIADB: &str = "
messages utf8mb4_nopad_bin InnoDB
  id bigint(20) not null auto_increment
  timestamp datetime(6) not null
  user_message longtext utf8mb4_nopad_bin not null
  bot_response longtext utf8mb4_nopad_bin
  provider varchar(50) utf8mb4_nopad_bin
  model varchar(100) utf8mb4_nopad_bin
  tokens_used bigint(20)
  metadata longtext utf8mb4_bin
  unique index PRIMARY (id)
  index messages_provider_timestamp_id (provider, timestamp, id)
  index messages_timestamp_id (timestamp, id)
  metadata is checked to be JSON
api_tokens utf8mb4_nopad_bin InnoDB
  id bigint(20) not null auto_increment
  token_hash char(64) utf8mb4_nopad_bin not null
  description varchar(255) utf8mb4_nopad_bin not null
  created_at datetime(6) not null
  expires_at datetime(6)
  is_active tinyint(1) not null default 1
  last_used_at datetime(6)
  token_start varchar(16) utf8mb4_nopad_bin
  unique index PRIMARY (id)
  unique index token_hash (token_hash)
message_totals utf8mb4_nopad_bin InnoDB
  hours int(11) not null
  start datetime(6) not null
  provider varchar(50) utf8mb4_nopad_bin not null
  model varchar(100) utf8mb4_nopad_bin not null
  messages bigint(20) not null
  with_tokens bigint(20) not null
  tokens_high bigint(20) not null
  tokens_low bigint(20) not null
  unique index PRIMARY (hours, start, provider, model)
message_counting utf8mb4_nopad_bin InnoDB
  id int(11) not null
  counted_to bigint(20) not null
  settled_to bigint(20) not null
  seen bigint(20) not null
  seen_at datetime(6) not null
  revision bigint(20) not null default 0
  unique index PRIMARY (id)
message_gaps utf8mb4_nopad_bin InnoDB
  first bigint(20) not null
  last bigint(20) not null
  unique index PRIMARY (first)
unfinished_transfer utf8mb4_nopad_bin InnoDB
  id int(11) not null
  kind varchar(20) utf8mb4_nopad_bin not null
  source varchar(255) utf8mb4_nopad_bin not null
  started_at datetime(6) not null
  table_name varchar(64) utf8mb4_nopad_bin
  last_id bigint(20) not null default 0
  stored_rows bigint(20) not null default 0
  unique index PRIMARY (id)
";

const MYSQL: &str = "
messages utf8mb4_0900_bin InnoDB
  id bigint not null auto_increment
  timestamp datetime(6) not null
  user_message longtext utf8mb4_0900_bin not null
  bot_response longtext utf8mb4_0900_bin
  provider varchar(50) utf8mb4_0900_bin
  model varchar(100) utf8mb4_0900_bin
  tokens_used bigint
  metadata json
  unique index PRIMARY (id)
  index messages_provider_timestamp_id (provider, timestamp, id)
  index messages_timestamp_id (timestamp, id)
api_tokens utf8mb4_0900_bin InnoDB
  id bigint not null auto_increment
  token_hash char(64) utf8mb4_0900_bin not null
  description varchar(255) utf8mb4_0900_bin not null
  created_at datetime(6) not null
  expires_at datetime(6)
  is_active tinyint(1) not null default 1
  last_used_at datetime(6)
  token_start varchar(16) utf8mb4_0900_bin
  unique index PRIMARY (id)
  unique index token_hash (token_hash)
message_totals utf8mb4_0900_bin InnoDB
  hours int not null
  start datetime(6) not null
  provider varchar(50) utf8mb4_0900_bin not null
  model varchar(100) utf8mb4_0900_bin not null
  messages bigint not null
  with_tokens bigint not null
  tokens_high bigint not null
  tokens_low bigint not null
  unique index PRIMARY (hours, start, provider, model)
message_counting utf8mb4_0900_bin InnoDB
  id int not null
  counted_to bigint not null
  settled_to bigint not null
  seen bigint not null
  seen_at datetime(6) not null
  revision bigint not null default 0
  unique index PRIMARY (id)
message_gaps utf8mb4_0900_bin InnoDB
  first bigint not null
  last bigint not null
  unique index PRIMARY (first)
unfinished_transfer utf8mb4_0900_bin InnoDB
  id int not null
  kind varchar(20) utf8mb4_0900_bin not null
  source varchar(255) utf8mb4_0900_bin not null
  started_at datetime(6) not null
  table_name varchar(64) utf8mb4_0900_bin
  last_id bigint not null default 0
  stored_rows bigint not null default 0
  unique index PRIMARY (id)
";

pub(super) const TABLES: [&str; 6] = [
    "messages",
    "api_tokens",
    "message_totals",
    "message_counting",
    "message_gaps",
    "unfinished_transfer",
];

fn the_live_schema_matches_its_description(store: &Store) {
    store.database().upgrade().expect("the schema is created");
    let expected = match store.engine() {
        Engine::Sqlite => SQLITE,
        Engine::PostgreSql => POSTGRESQL,
        Engine::MariaDb => MARIADB,
        Engine::MySql => MYSQL,
    };
    let described: Vec<_> = TABLES.iter().flat_map(|table| describe(store, table)).collect();
    assert_eq!(
        described,
        expected.trim().lines().collect::<Vec<_>>(),
        "\n{}",
        described.join("\n")
    );
}

/// Returns a line for the table, for each column in order, and for each index by name.
fn describe(store: &Store, table: &str) -> Vec<String> {
    let [head, columns, indexes, rest] = queries(store.engine());
    let mut described = lines(store, table, head);
    for part in [columns, indexes, rest] {
        described.extend(lines(store, table, part).into_iter().map(|line| format!("  {line}")));
    }
    described
}

/// Returns a line for each column.
pub(super) fn columns(store: &Store, table: &str) -> Vec<String> {
    let [_, columns, ..] = queries(store.engine());
    lines(store, table, columns)
}

fn lines(store: &Store, table: &str, sql: &str) -> Vec<String> {
    let rows = store.raw.query(&sql.replace("{table}", table));
    rows.into_iter().map(|row| row.into_iter().flatten().collect()).collect()
}

/// Queries for the table, its columns, its indexes, and its other properties. Each row becomes a
/// line.
fn queries(engine: Engine) -> [&'static str; 4] {
    match engine {
        Engine::Sqlite => ["SELECT '{table}'", SQLITE_COLUMNS, SQLITE_INDEXES, SQLITE_REST],
        Engine::PostgreSql => {
            ["SELECT '{table}'", POSTGRESQL_COLUMNS, POSTGRESQL_INDEXES, POSTGRESQL_CHECKS]
        }
        Engine::MariaDb => [SERVER_TABLE, SERVER_COLUMNS, SERVER_INDEXES, MARIADB_CHECKS],
        Engine::MySql => [SERVER_TABLE, SERVER_COLUMNS, SERVER_INDEXES, MYSQL_CHECKS],
    }
}

const SQLITE_COLUMNS: &str = "
    SELECT name || ' ' || type || iif(\"notnull\", ' not null', '') || iif(pk, ' key ' || pk, '')
        || iif(dflt_value IS NULL, '', ' default ' || dflt_value)
    FROM pragma_table_info('{table}') ORDER BY cid";

const SQLITE_INDEXES: &str = "
    SELECT iif(\"unique\", 'unique ', '') || 'index ' || list.name || ' (' ||
        (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(list.name) \
        ORDER BY seqno)) || ')'
    FROM pragma_index_list('{table}') AS list ORDER BY list.name";

const SQLITE_REST: &str = "
    SELECT 'ids are never reused' FROM sqlite_schema WHERE name = '{table}' AND sql LIKE \
    '%AUTOINCREMENT%'
    UNION ALL
    SELECT 'metadata is checked to be JSON' FROM sqlite_schema
    WHERE name = '{table}' AND sql LIKE '%CHECK (metadata IS NULL OR json_valid(metadata))%'";

// A server may quote the names of types.
const POSTGRESQL_COLUMNS: &str = "
    SET quote_all_identifiers = off;
    SELECT attname || ' ' || format_type(atttypid, atttypmod)
        || CASE WHEN attnotnull THEN ' not null' ELSE '' END
        || CASE attidentity WHEN 'd' THEN ' identity BY DEFAULT' WHEN 'a' THEN ' identity ALWAYS' \
        ELSE '' END
        || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";

const POSTGRESQL_INDEXES: &str = "
    SELECT CASE WHEN indisunique THEN 'unique ' ELSE '' END || 'index ' || relname || ' (' ||
        (SELECT string_agg(attname, ', ' ORDER BY ordinal)
         FROM unnest(indkey::int[]) WITH ORDINALITY AS part (number, ordinal)
         JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number) || ')'
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = '{table}'::regclass ORDER BY relname";

const POSTGRESQL_CHECKS: &str = "
    SELECT 'check ' || conname FROM pg_constraint
    WHERE conrelid = '{table}'::regclass AND contype NOT IN ('p', 'u', 'n')";

const SERVER_TABLE: &str = "
    SELECT CONCAT(table_name, ' ', table_collation, ' ', engine) FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = '{table}'";

const SERVER_COLUMNS: &str = "
    SELECT CONCAT(column_name, ' ', column_type, COALESCE(CONCAT(' ', collation_name), ''),
        IF(is_nullable = 'NO', ' not null', ''),
        IF(column_default IS NULL OR column_default = 'NULL', '', CONCAT(' default ', \
        column_default)),
        IF(extra = '', '', CONCAT(' ', extra)))
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position";

const SERVER_INDEXES: &str = "
    SELECT CONCAT(IF(MIN(non_unique) = 0, 'unique ', ''), 'index ', index_name, ' (',
        GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', '), ')')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = '{table}'
    GROUP BY index_name ORDER BY LOWER(index_name) = 'primary' DESC, index_name";

const MARIADB_CHECKS: &str = "
    SELECT CONCAT(constraint_name, ' ',
        IF(check_clause = 'json_valid(`metadata`)', 'is checked to be JSON', check_clause))
    FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE() AND table_name = '{table}'";

const MYSQL_CHECKS: &str = "
    SELECT constraint_name FROM information_schema.table_constraints
    WHERE table_schema = DATABASE() AND table_name = '{table}' AND constraint_type = 'CHECK'";
