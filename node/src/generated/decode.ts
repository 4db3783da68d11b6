/** Decoding of results. Made from the descriptions in crates/ by `make generate`. */

import { restoreBigints } from '../metadata.js';
import { integer, jsonReady, mapValues, optional, secretive, timestamp } from '../revive.js';
import type {
  Analytics,
  AppliedMigration,
  CreatedToken,
  Feedback,
  FeedbackSummary,
  Health,
  HistoryEntry,
  ImportCounts,
  ImportProblem,
  ImportReport,
  ImportedFile,
  Message,
  MigrationStatus,
  PendingMigration,
  PoolStatus,
  SchemaDifference,
  Sums,
  TokenCheck,
  TokenInfo,
  TotalsCheck,
  TotalsDifference,
  UnknownColumn,
} from './types.js';

export function message(raw: any): Message {
  return jsonReady({
    id: integer(raw.id),
    timestamp: timestamp(raw.timestamp),
    userMessage: raw.user_message,
    botResponse: raw.bot_response,
    provider: raw.provider,
    model: raw.model,
    tokensUsed: integer(raw.tokens_used),
    metadata: raw.metadata,
  }, restoreBigints(raw.metadata));
}

export function analytics(raw: any): Analytics {
  return jsonReady({
    totalMessages: integer(raw.total_messages),
    totalTokens: integer(raw.total_tokens),
    averageTokens: raw.average_tokens,
    providers: mapValues(raw.providers, integer<number>),
    models: mapValues(raw.models, integer<number>),
    byDate: mapValues(raw.by_date, integer<number>),
  });
}

export function totalsCheck(raw: any): TotalsCheck {
  return jsonReady({
    counted: integer(raw.counted),
    uncounted: integer(raw.uncounted),
    differences: raw.differences.map(totalsDifference),
  });
}

export function totalsDifference(raw: any): TotalsDifference {
  return jsonReady({
    start: timestamp(raw.start),
    hours: integer(raw.hours),
    provider: raw.provider,
    model: raw.model,
    kept: sums(raw.kept),
    found: sums(raw.found),
  });
}

export function sums(raw: any): Sums {
  return jsonReady({
    messages: integer(raw.messages),
    withTokens: integer(raw.with_tokens),
    tokens: integer(raw.tokens),
  });
}

export function createdToken(raw: any): CreatedToken {
  return secretive(jsonReady({
    token: raw.token,
    id: integer(raw.id),
    tokenId: integer(raw.token_id),
    description: raw.description,
    createdAt: timestamp(raw.created_at),
    expiresAt: optional(raw.expires_at, timestamp),
  }), ['token']);
}

export function tokenCheck(raw: any): TokenCheck {
  return {
    valid: raw.valid,
    reason: raw.reason,
    token: optional(raw.token, tokenInfo),
  };
}

export function tokenInfo(raw: any): TokenInfo {
  return jsonReady({
    id: integer(raw.id),
    tokenId: integer(raw.token_id),
    description: raw.description,
    createdAt: timestamp(raw.created_at),
    expiresAt: optional(raw.expires_at, timestamp),
    isActive: raw.is_active,
    lastUsedAt: optional(raw.last_used_at, timestamp),
    tokenStart: raw.token_start,
  });
}

export function feedback(raw: any): Feedback {
  return jsonReady({
    id: integer(raw.id),
    messageId: integer(raw.message_id),
    user: raw.user,
    rating: integer(raw.rating),
    comment: raw.comment,
    createdAt: timestamp(raw.created_at),
    updatedAt: timestamp(raw.updated_at),
  });
}

export function feedbackSummary(raw: any): FeedbackSummary {
  return jsonReady({
    ratings: integer(raw.ratings),
    positive: integer(raw.positive),
    negative: integer(raw.negative),
    average: raw.average,
  });
}

export function poolStatus(raw: any): PoolStatus {
  return jsonReady({
    poolSize: integer(raw.pool_size),
    checkedIn: integer(raw.checked_in),
    checkedOut: integer(raw.checked_out),
    overflow: integer(raw.overflow),
    total: integer(raw.total),
    max: integer(raw.max),
    waiting: integer(raw.waiting),
  });
}

export function health(raw: any): Health {
  return {
    ok: raw.ok,
    engine: raw.engine,
    serverVersion: raw.server_version,
    latencyMs: raw.latency_ms,
    schema: raw.schema,
    pool: poolStatus(raw.pool),
  };
}

export function migrationStatus(raw: any): MigrationStatus {
  return {
    applied: raw.applied.map(appliedMigration),
    pending: raw.pending.map(pendingMigration),
    unknown: raw.unknown,
  };
}

export function appliedMigration(raw: any): AppliedMigration {
  return {
    version: raw.version,
    name: raw.name,
    appliedAt: optional(raw.applied_at, timestamp),
  };
}

export function pendingMigration(raw: any): PendingMigration {
  return {
    version: raw.version,
    name: raw.name,
  };
}

export function importReport(raw: any): ImportReport {
  return jsonReady({
    stored: raw.stored,
    files: raw.files.map(importedFile),
    badRows: integer(raw.bad_rows),
    hopelessRows: integer(raw.hopeless_rows),
    problems: raw.problems.map(importProblem),
  });
}

export function importedFile(raw: any): ImportedFile {
  return {
    file: raw.file,
    messages: importCounts(raw.messages),
    tokens: importCounts(raw.tokens),
    otherTables: raw.other_tables,
    timesAreUnknown: raw.times_are_unknown,
    unknownColumns: raw.unknown_columns.map(unknownColumn),
  };
}

export function importCounts(raw: any): ImportCounts {
  return jsonReady({
    found: integer(raw.found),
    stored: integer(raw.stored),
    alreadyThere: integer(raw.already_there),
    withNewId: integer(raw.with_new_id),
    forced: integer(raw.forced),
  });
}

export function unknownColumn(raw: any): UnknownColumn {
  return jsonReady({
    table: raw.table,
    column: raw.column,
    rows: integer(raw.rows),
    canBeForced: raw.can_be_forced,
  });
}

export function importProblem(raw: any): ImportProblem {
  return jsonReady({
    file: raw.file,
    table: raw.table,
    row: integer(raw.row),
    field: raw.field,
    message: raw.message,
    canBeForced: raw.can_be_forced,
  });
}

export function historyEntry(raw: any): HistoryEntry {
  return {
    version: raw.version,
    name: raw.name,
    state: raw.state,
    startedAt: optional(raw.started_at, timestamp),
    appliedAt: optional(raw.applied_at, timestamp),
    checksum: raw.checksum,
    recorded: raw.recorded,
    error: raw.error,
  };
}

export function schemaDifference(raw: any): SchemaDifference {
  return {
    table: raw.table,
    kind: raw.kind,
    name: raw.name,
    expected: raw.expected,
    found: raw.found,
  };
}
