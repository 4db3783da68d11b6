//! Catalog queries for PostgreSQL, for the first schema of the search path.
//!
//! The schema name is quoted, because the cast to `regnamespace` parses it as SQL. With the
//! argument `true`, the definition functions omit the name of that schema.

const TABLES: &str = "
    SELECT relname::text AS of_table, 'table' AS kind, '' AS name,
        CASE relkind WHEN 'p' THEN 'partitioned' ELSE '' END
            || CASE relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END
            || CASE WHEN relrowsecurity THEN ' row security' ELSE '' END AS definition
    FROM pg_class c WHERE relnamespace = quote_ident(current_schema())::regnamespace
        AND relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype = 'e')";

const COLUMNS: &str = "
    SELECT relname::text AS of_table, 'column' AS kind, attname::text AS name,
        format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
            || CASE attidentity WHEN 'd' THEN ' identity by default'
                WHEN 'a' THEN ' identity always' ELSE '' END
            || CASE attgenerated WHEN '' THEN coalesce(' default '
                || pg_get_expr(adbin, adrelid, true), '')
               ELSE ' generated as ' || pg_get_expr(adbin, adrelid, true) END
            || CASE WHEN collname IS NULL OR collname = 'default' THEN '' ELSE ' collate '
                || collname END AS definition
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'p')
        AND attnum > 0 AND NOT attisdropped";

const CONSTRAINTS: &str = "
    SELECT relname::text AS of_table,
        CASE contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check'
            ELSE 'constraint' END AS kind,
        conname::text AS name, pg_get_constraintdef(p.oid, true) AS definition
    FROM pg_constraint p JOIN pg_class c ON c.oid = conrelid
    WHERE relnamespace = quote_ident(current_schema())::regnamespace
        AND contype IN ('p', 'u', 'f', 'c', 'x')";

const INDEXES: &str = "
    SELECT c.relname::text AS of_table, 'index' AS kind, i.relname::text AS name,
        pg_get_indexdef(indexrelid, 0, true) || CASE WHEN indisvalid THEN ''
            ELSE ' (not valid)' END AS definition
    FROM pg_index x JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
        AND c.relkind IN ('r', 'p', 'm')
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid
            AND contype IN ('p', 'u', 'x'))";

const TRIGGERS: &str = "
    SELECT relname::text AS of_table, 'trigger' AS kind, tgname::text AS name,
        pg_get_triggerdef(t.oid, true) AS definition
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND NOT tgisinternal";

const VIEWS: &str = "
    SELECT '' AS of_table, CASE relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
        relname::text AS name,
        pg_get_viewdef(oid, true) AS definition
    FROM pg_class c WHERE relnamespace = quote_ident(current_schema())::regnamespace
        AND relkind IN ('v', 'm')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = c.oid AND deptype = 'e')";

const FUNCTIONS: &str = "
    SELECT '' AS of_table, 'function' AS kind, proname || '('
        || pg_get_function_identity_arguments(p.oid) || ')' AS name,
        replace(pg_get_functiondef(p.oid), quote_ident(current_schema()) || '.', '') AS definition
    FROM pg_proc p WHERE pronamespace = quote_ident(current_schema())::regnamespace
        AND prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = p.oid AND deptype = 'e')";

const TYPES: &str = "
    SELECT '' AS of_table, 'type' AS kind, typname::text AS name,
        CASE typtype WHEN 'e' THEN (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder)
            FROM pg_enum WHERE enumtypid = t.oid)
        ELSE format_type(typbasetype, typtypmod) END AS definition
    FROM pg_type t WHERE typnamespace = quote_ident(current_schema())::regnamespace
        AND typtype IN ('e', 'd')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = t.oid AND deptype = 'e')";

pub(super) const QUERIES: &[&str] =
    &[TABLES, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, VIEWS, FUNCTIONS, TYPES];
