/** Schema migrations, and imports from SQLite files of other programs. */

import type { SchemaState } from './database.js';

/** A migration that the database has applied. */
export interface AppliedMigration {
  readonly version: string;
  readonly name: string;
  readonly appliedAt: Date | null;
}

/** The applied and pending migrations of a database. */
export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly { readonly version: string; readonly name: string }[];
  /** Versions in the database that this version of chatkeep does not have. */
  readonly unknown: readonly string[];
}

/** Options of `migrate`. */
export interface MigrateOptions {
  /** Folder of the application's own migrations: `NAME/up.sql` and `NAME/down.sql`. */
  readonly folder?: string | null | undefined;
  /** First revision of the `sql` script; the database's current revision by default. */
  readonly fromRevision?: string | null | undefined;
  /** Description of a `new` migration. */
  readonly description?: string | null | undefined;
  /** Whether `new` creates a migration for each engine. */
  readonly perEngine?: boolean | null | undefined;
}

/** A migration in this version, in the database's history, or in both. */
export interface HistoryEntry {
  /** Position in the order. An application's migration has the prefix `app:`. */
  readonly version: string;
  readonly name: string;
  readonly state:
    | 'applied'
    | 'pending'
    | 'changed'
    | 'missing'
    | 'newer'
    | 'out_of_order'
    | 'dirty';
  readonly startedAt: Date | null;
  readonly appliedAt: Date | null;
  /** SHA-256 of the file that was applied, or of the file to apply. */
  readonly checksum: string;
  /** Status in the history: `done`, `failed`, `running:2`. */
  readonly recorded: string | null;
  /** Error message of the database if the migration failed. */
  readonly error: string | null;
}

/** A difference between the schema and its migrations. */
export interface SchemaDifference {
  /** Name of the table; empty for objects outside a table. */
  readonly table: string;
  /** Kind of object: `table`, `column`, `index` and so on. */
  readonly kind: string;
  /** Name of the object; empty for a table. */
  readonly name: string;
  /** Definition in the migrations; `null` if they do not create the object. */
  readonly expected: string | null;
  /** Definition in the database; `null` if the object is missing. */
  readonly found: string | null;
}

/** The results of `migrate`, by verb. */
export interface MigrateResponses {
  /** Names of the applied migrations. */
  readonly upgrade: { readonly applied: readonly string[] };
  /** Names of the reverted migrations. */
  readonly downgrade: { readonly reverted: readonly string[] };
  /** State of the database. */
  readonly current: MigrationStatus & { readonly state: SchemaState };
  /** All migrations, in order. */
  readonly history: { readonly migrations: readonly HistoryEntry[] };
  /** Changes to the history. */
  readonly stamp: { readonly changed: readonly string[] };
  /** Whether the schema matches its migrations. `messages` describes the differences as text. */
  readonly check: {
    readonly matches: boolean;
    readonly state: SchemaState;
    readonly differences: readonly SchemaDifference[];
    readonly messages: readonly string[];
  };
  /** The SQL script. */
  readonly sql: { readonly sql: string };
  /** Paths of the created files. */
  readonly new: { readonly files: readonly string[] };
}

/** The verbs of `migrate`, as in `chatkeep migrate`. */
export type MigrateVerb = keyof MigrateResponses;

/** Row counts of an import. */
export interface ImportCounts {
  /** Rows in the file. */
  readonly found: number;
  /** Rows that were stored. */
  readonly stored: number;
  /** Rows that an earlier run had already stored. */
  readonly alreadyThere: number;
  /** Stored rows with a new id, because another row has the original one. */
  readonly withNewId: number;
  /** Stored rows that differ from the originals. */
  readonly forced: number;
}

/** The report on one imported file. */
export interface ImportedFile {
  readonly file: string;
  readonly messages: ImportCounts;
  readonly tokens: ImportCounts;
  /** Tables that were not imported, because chatkeep has no equivalent. */
  readonly otherTables: readonly string[];
  /** Whether the messages have no timestamps, so that the file's is used. */
  readonly timesAreUnknown: boolean;
  /** Columns that chatkeep does not have. */
  readonly unknownColumns: readonly UnknownColumn[];
}

/** A column that chatkeep does not have. */
export interface UnknownColumn {
  readonly table: string;
  readonly column: string;
  /** Number of rows whose value is not NULL. */
  readonly rows: number;
  /**
   * Whether `chatkeep db import-legacy --force` stores the rows. It never omits a column of tokens
   * that has values.
   */
  readonly canBeForced: boolean;
}

/** An invalid value in an imported file. */
export interface ImportProblem {
  readonly file: string;
  readonly table: string;
  /** SQLite's row number. */
  readonly row: number | bigint;
  readonly field: string;
  readonly message: string;
  /** Whether `chatkeep db import-legacy --force` stores the row. */
  readonly canBeForced: boolean;
}

/** The report of an import. */
export interface ImportReport {
  /** Whether the rows were stored. */
  readonly stored: boolean;
  readonly files: readonly ImportedFile[];
  /** Number of rows with invalid values. */
  readonly badRows: number;
  /** Number of these rows that even `--force` does not store. */
  readonly hopelessRows: number;
  readonly problems: readonly ImportProblem[];
}
