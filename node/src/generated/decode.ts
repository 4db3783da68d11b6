/** Decoding of results. Made from the descriptions in crates/ by `make generate`. */

import { restoreBigints } from '../metadata.js';
import {
  bytesOf,
  integer,
  jsonOf,
  jsonReady,
  mapValues,
  optional,
  secretive,
  timestampOf,
} from '../revive.js';
import type {
  Analytics,
  AppSetting,
  AppSettingVersion,
  AppliedMigration,
  AuditEntry,
  AuditPage,
  ClaimedTask,
  Conversation,
  ConversationItem,
  ConversationPage,
  CreatedSession,
  CreatedToken,
  Credential,
  CredentialCheck,
  CredentialKeyCheck,
  CredentialPage,
  CredentialRotation,
  Feedback,
  FeedbackSummary,
  FinishedStream,
  GraphChannel,
  GraphCheckpoint,
  GraphThread,
  GraphWrite,
  Health,
  HistoryEntry,
  ImportCounts,
  ImportProblem,
  ImportReport,
  ImportedFile,
  Memory,
  Message,
  MigrationStatus,
  Model,
  ModelCandidate,
  ModelChoice,
  ModelDefault,
  ModelHealth,
  OneTimeSecret,
  OpenTurn,
  PendingMigration,
  PolicyPage,
  PoolStatus,
  Provider,
  ProviderHealth,
  ProviderPolicy,
  ProviderSnapshot,
  ProviderWithModels,
  RejectedModel,
  RevealedCredential,
  RotatedSession,
  RoutingRequest,
  RoutingRequestPage,
  RoutingUsage,
  SchemaDifference,
  SelectedModel,
  SessionCheck,
  SessionInfo,
  SessionPage,
  StreamChunk,
  StreamInfo,
  StreamPage,
  StreamRead,
  Sums,
  Task,
  TaskCounts,
  TaskPage,
  TokenCheck,
  TokenInfo,
  TotalsCheck,
  TotalsDifference,
  UnknownColumn,
  User,
  UserErasure,
  UserExport,
  UserIdentity,
  UserPage,
  UserRole,
} from './types.js';

export function message(raw: any): Message {
  return jsonReady({
    id: integer(raw.id),
    timestamp: timestampOf(raw.timestamp),
    userMessage: raw.user_message,
    botResponse: raw.bot_response,
    provider: raw.provider,
    model: raw.model,
    tokensUsed: integer(raw.tokens_used),
    metadata: raw.metadata,
    conversationId: integer(raw.conversation_id),
    userId: integer(raw.user_id),
    inputTokens: integer(raw.input_tokens),
    outputTokens: integer(raw.output_tokens),
    cachedTokens: integer(raw.cached_tokens),
    reasoningTokens: integer(raw.reasoning_tokens),
    cost: raw.cost,
    latencyMs: integer(raw.latency_ms),
    ttftMs: integer(raw.ttft_ms),
    status: raw.status,
    error: raw.error,
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
    totalCost: raw.total_cost,
    messagesWithCost: integer(raw.messages_with_cost),
    costByProvider: raw.cost_by_provider,
    costByModel: raw.cost_by_model,
    costByDate: raw.cost_by_date,
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
    start: timestampOf(raw.start),
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
    withCost: integer(raw.with_cost),
    cost: raw.cost,
  });
}

export function createdToken(raw: any): CreatedToken {
  return secretive(jsonReady({
    token: raw.token,
    id: integer(raw.id),
    tokenId: integer(raw.token_id),
    description: raw.description,
    createdAt: timestampOf(raw.created_at),
    expiresAt: optional(raw.expires_at, timestampOf),
    userId: raw.user_id,
    scopes: raw.scopes,
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
    createdAt: timestampOf(raw.created_at),
    expiresAt: optional(raw.expires_at, timestampOf),
    isActive: raw.is_active,
    lastUsedAt: optional(raw.last_used_at, timestampOf),
    tokenStart: raw.token_start,
    userId: raw.user_id,
    scopes: raw.scopes,
  });
}

export function feedback(raw: any): Feedback {
  return jsonReady({
    id: integer(raw.id),
    messageId: integer(raw.message_id),
    user: raw.user,
    rating: integer(raw.rating),
    comment: raw.comment,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
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

export function user(raw: any): User {
  return jsonReady({
    id: integer(raw.id),
    publicId: raw.public_id,
    email: raw.email,
    username: raw.username,
    name: raw.name,
    avatarUrl: raw.avatar_url,
    active: raw.active,
    stamp: raw.stamp,
    confirmedAt: optional(raw.confirmed_at, timestampOf),
    metadata: raw.metadata,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
    lastLoginAt: optional(raw.last_login_at, timestampOf),
  }, restoreBigints(raw.metadata));
}

export function userPage(raw: any): UserPage {
  return {
    users: raw.users.map(user),
    nextCursor: raw.next_cursor,
  };
}

export function userIdentity(raw: any): UserIdentity {
  return jsonReady({
    id: integer(raw.id),
    provider: raw.provider,
    subject: raw.subject,
    email: raw.email,
    linkedAt: timestampOf(raw.linked_at),
    lastUsedAt: optional(raw.last_used_at, timestampOf),
  });
}

export function userRole(raw: any): UserRole {
  return {
    role: raw.role,
    grantedBy: raw.granted_by,
    grantedAt: timestampOf(raw.granted_at),
    expiresAt: optional(raw.expires_at, timestampOf),
  };
}

export function oneTimeSecret(raw: any): OneTimeSecret {
  return secretive({
    secret: raw.secret,
    purpose: raw.purpose,
    subject: raw.subject,
    createdAt: timestampOf(raw.created_at),
    expiresAt: timestampOf(raw.expires_at),
  }, ['secret']);
}

export function userExport(raw: any): UserExport {
  return {
    lines: raw.lines,
    nextCursor: raw.next_cursor,
  };
}

export function userErasure(raw: any): UserErasure {
  return jsonReady({
    deleted: mapValues(raw.deleted, integer<number>),
    scrubbed: mapValues(raw.scrubbed, integer<number>),
  });
}

export function createdSession(raw: any): CreatedSession {
  return secretive({
    secret: raw.secret,
    session: sessionInfo(raw.session),
  }, ['secret']);
}

export function sessionInfo(raw: any): SessionInfo {
  return {
    id: raw.id,
    userId: raw.user_id,
    createdAt: timestampOf(raw.created_at),
    lastSeenAt: timestampOf(raw.last_seen_at),
    idleExpiresAt: optional(raw.idle_expires_at, timestampOf),
    expiresAt: timestampOf(raw.expires_at),
    rotatedAt: optional(raw.rotated_at, timestampOf),
    revokedAt: optional(raw.revoked_at, timestampOf),
    revokedReason: raw.revoked_reason,
    ip: raw.ip,
    userAgent: raw.user_agent,
    label: raw.label,
  };
}

export function sessionCheck(raw: any): SessionCheck {
  return {
    valid: raw.valid,
    reason: raw.reason,
    session: optional(raw.session, sessionInfo),
  };
}

export function rotatedSession(raw: any): RotatedSession {
  return secretive({
    secret: raw.secret,
    rotated: raw.rotated,
    session: sessionInfo(raw.session),
  }, ['secret']);
}

export function sessionPage(raw: any): SessionPage {
  return {
    sessions: raw.sessions.map(sessionInfo),
    nextCursor: raw.next_cursor,
  };
}

export function auditEntry(raw: any): AuditEntry {
  return jsonReady({
    id: integer(raw.id),
    createdAt: timestampOf(raw.created_at),
    action: raw.action,
    actor: raw.actor,
    object: raw.object,
    before: raw.before,
    after: raw.after,
    ip: raw.ip,
  }, [restoreBigints(raw.before), restoreBigints(raw.after)].includes(true));
}

export function auditPage(raw: any): AuditPage {
  return {
    entries: raw.entries.map(auditEntry),
    nextCursor: raw.next_cursor,
  };
}

export function streamInfo(raw: any): StreamInfo {
  return jsonReady({
    publicId: raw.public_id,
    conversationId: raw.conversation_id,
    userId: raw.user_id,
    turnId: raw.turn_id,
    kind: raw.kind,
    provider: raw.provider,
    model: raw.model,
    status: raw.status,
    lastSeq: integer(raw.last_seq),
    cancelRequestedAt: optional(raw.cancel_requested_at, timestampOf),
    tokens: integer(raw.tokens),
    cost: raw.cost,
    error: raw.error,
    metadata: raw.metadata,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
    finishedAt: optional(raw.finished_at, timestampOf),
  }, restoreBigints(raw.metadata));
}

export function streamRead(raw: any): StreamRead {
  return jsonReady({
    chunks: raw.chunks.map(streamChunk),
    lastSeq: integer(raw.last_seq),
    status: raw.status,
    done: raw.done,
    pruned: raw.pruned,
  });
}

export function streamChunk(raw: any): StreamChunk {
  return jsonReady({
    seq: integer(raw.seq),
    text: raw.text,
  });
}

export function finishedStream(raw: any): FinishedStream {
  return jsonReady({
    stream: streamInfo(raw.stream),
    ended: raw.ended,
    messageId: integer(raw.message_id),
  });
}

export function streamPage(raw: any): StreamPage {
  return {
    streams: raw.streams.map(streamInfo),
    nextCursor: raw.next_cursor,
  };
}

export function conversation(raw: any): Conversation {
  return jsonReady({
    id: integer(raw.id),
    publicId: raw.public_id,
    userId: raw.user_id,
    title: raw.title,
    createdAt: timestampOf(raw.created_at),
    lastMessageAt: timestampOf(raw.last_message_at),
    archivedAt: optional(raw.archived_at, timestampOf),
    metadata: raw.metadata,
    itemVersion: integer(raw.item_version),
  }, restoreBigints(raw.metadata));
}

export function conversationPage(raw: any): ConversationPage {
  return {
    conversations: raw.conversations.map(conversation),
    nextCursor: raw.next_cursor,
  };
}

export function conversationItem(raw: any): ConversationItem {
  return jsonReady({
    position: integer(raw.position),
    role: raw.role,
    kind: raw.kind,
    content: raw.content,
    messageId: integer(raw.message_id),
    createdAt: timestampOf(raw.created_at),
  }, restoreBigints(raw.content));
}

export function openTurn(raw: any): OpenTurn {
  return jsonReady({
    publicId: raw.public_id,
    conversationId: raw.conversation_id,
    userMessage: raw.user_message,
    provider: raw.provider,
    model: raw.model,
    metadata: raw.metadata,
    startedAt: timestampOf(raw.started_at),
    leaseUntil: timestampOf(raw.lease_until),
  }, restoreBigints(raw.metadata));
}

export function graphCheckpoint(raw: any): GraphCheckpoint {
  return jsonReady({
    thread: raw.thread,
    namespace: raw.namespace,
    id: raw.id,
    parentId: raw.parent_id,
    format: raw.format,
    data: bytesOf(raw.data),
    metadataFormat: raw.metadata_format,
    metadata: bytesOf(raw.metadata),
    source: raw.source,
    step: integer(raw.step),
    runId: raw.run_id,
    createdAt: timestampOf(raw.created_at),
    position: integer(raw.position),
    channels: raw.channels.map(graphChannel),
    writes: raw.writes.map(graphWrite),
  });
}

export function graphChannel(raw: any): GraphChannel {
  return {
    channel: raw.channel,
    version: raw.version,
    format: raw.format,
    data: optional(raw.data, bytesOf),
  };
}

export function graphWrite(raw: any): GraphWrite {
  return jsonReady({
    taskId: raw.task_id,
    taskPath: raw.task_path,
    index: integer(raw.index),
    channel: raw.channel,
    format: raw.format,
    data: bytesOf(raw.data),
  });
}

export function graphThread(raw: any): GraphThread {
  return jsonReady({
    id: integer(raw.id),
    thread: raw.thread,
    userId: raw.user_id,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
    expiresAt: optional(raw.expires_at, timestampOf),
  });
}

export function memory(raw: any): Memory {
  return jsonReady({
    namespace: raw.namespace,
    key: raw.key,
    value: raw.value,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
    expiresAt: optional(raw.expires_at, timestampOf),
    ttlSeconds: integer(raw.ttl_seconds),
  }, restoreBigints(raw.value));
}

export function appSetting(raw: any): AppSetting {
  return jsonReady({
    scope: raw.scope,
    key: raw.key,
    value: jsonOf(raw.value),
    version: integer(raw.version),
    source: raw.source,
    updatedAt: optional(raw.updated_at, timestampOf),
    updatedBy: raw.updated_by,
  }, restoreBigints(raw.value));
}

export function appSettingVersion(raw: any): AppSettingVersion {
  return jsonReady({
    scope: raw.scope,
    key: raw.key,
    version: integer(raw.version),
    value: jsonOf(raw.value),
    deleted: raw.deleted,
    changedAt: timestampOf(raw.changed_at),
    changedBy: raw.changed_by,
  }, restoreBigints(raw.value));
}

export function task(raw: any): Task {
  return jsonReady({
    publicId: raw.public_id,
    userId: raw.user_id,
    kind: raw.kind,
    input: raw.input,
    status: raw.status,
    priority: integer(raw.priority),
    runAt: timestampOf(raw.run_at),
    attempts: integer(raw.attempts),
    maxAttempts: integer(raw.max_attempts),
    leaseUntil: optional(raw.lease_until, timestampOf),
    worker: raw.worker,
    cancelRequestedAt: optional(raw.cancel_requested_at, timestampOf),
    idempotencyKey: raw.idempotency_key,
    result: raw.result,
    error: raw.error,
    createdAt: timestampOf(raw.created_at),
    startedAt: optional(raw.started_at, timestampOf),
    finishedAt: optional(raw.finished_at, timestampOf),
  }, [restoreBigints(raw.input), restoreBigints(raw.result)].includes(true));
}

export function claimedTask(raw: any): ClaimedTask {
  return {
    task: task(raw.task),
    leaseToken: raw.lease_token,
  };
}

export function taskPage(raw: any): TaskPage {
  return {
    tasks: raw.tasks.map(task),
    nextCursor: raw.next_cursor,
  };
}

export function taskCounts(raw: any): TaskCounts {
  return jsonReady({
    queued: integer(raw.queued),
    running: integer(raw.running),
    completed: integer(raw.completed),
    failed: integer(raw.failed),
    cancelled: integer(raw.cancelled),
  });
}

export function provider(raw: any): Provider {
  return jsonReady({
    publicId: raw.public_id,
    name: raw.name,
    displayName: raw.display_name,
    kind: raw.kind,
    baseUrl: raw.base_url,
    enabled: raw.enabled,
    priority: integer(raw.priority),
    weight: integer(raw.weight),
    capabilities: raw.capabilities,
    rateLimits: raw.rate_limits,
    config: raw.config,
    version: integer(raw.version),
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
  }, [restoreBigints(raw.rate_limits), restoreBigints(raw.config)].includes(true));
}

export function model(raw: any): Model {
  return jsonReady({
    provider: raw.provider,
    name: raw.name,
    displayName: raw.display_name,
    enabled: raw.enabled,
    capabilities: raw.capabilities,
    contextWindow: integer(raw.context_window),
    maxOutputTokens: integer(raw.max_output_tokens),
    params: raw.params,
    inputPrice: raw.input_price,
    outputPrice: raw.output_price,
    cachedInputPrice: raw.cached_input_price,
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
  }, restoreBigints(raw.params));
}

export function modelDefault(raw: any): ModelDefault {
  return {
    purpose: raw.purpose,
    provider: raw.provider,
    model: raw.model,
    updatedAt: timestampOf(raw.updated_at),
  };
}

export function selectedModel(raw: any): SelectedModel {
  return {
    provider: provider(raw.provider),
    model: model(raw.model),
  };
}

export function providerSnapshot(raw: any): ProviderSnapshot {
  return jsonReady({
    revision: integer(raw.revision),
    providers: raw.providers.map(providerWithModels),
    defaults: raw.defaults.map(modelDefault),
    policies: raw.policies.map(providerPolicy),
  });
}

export function providerWithModels(raw: any): ProviderWithModels {
  return {
    provider: provider(raw.provider),
    models: raw.models.map(model),
  };
}

export function providerPolicy(raw: any): ProviderPolicy {
  return jsonReady({
    publicId: raw.public_id,
    provider: raw.provider,
    name: raw.name,
    kind: raw.kind,
    config: raw.config,
    enabled: raw.enabled,
    version: integer(raw.version),
    createdAt: timestampOf(raw.created_at),
    updatedAt: timestampOf(raw.updated_at),
  }, restoreBigints(raw.config));
}

export function credential(raw: any): Credential {
  return jsonReady({
    id: raw.id,
    provider: raw.provider,
    userId: raw.user_id,
    name: raw.name,
    version: integer(raw.version),
    keyId: raw.key_id,
    hint: raw.hint,
    scopes: raw.scopes,
    status: raw.status,
    expiresAt: optional(raw.expires_at, timestampOf),
    cooldownUntil: optional(raw.cooldown_until, timestampOf),
    lastUsedAt: optional(raw.last_used_at, timestampOf),
    revokedAt: optional(raw.revoked_at, timestampOf),
    createdBy: raw.created_by,
    createdAt: timestampOf(raw.created_at),
  });
}

export function revealedCredential(raw: any): RevealedCredential {
  return secretive({
    credential: credential(raw.credential),
    secret: raw.secret,
  }, ['secret']);
}

export function credentialPage(raw: any): CredentialPage {
  return {
    credentials: raw.credentials.map(credential),
    nextCursor: raw.next_cursor,
  };
}

export function credentialRotation(raw: any): CredentialRotation {
  return jsonReady({
    keyId: raw.key_id,
    rotated: integer(raw.rotated),
    unreadable: integer(raw.unreadable),
  });
}

export function credentialCheck(raw: any): CredentialCheck {
  return jsonReady({
    credentials: integer(raw.credentials),
    unreadable: integer(raw.unreadable),
    keys: raw.keys.map(credentialKeyCheck),
  });
}

export function credentialKeyCheck(raw: any): CredentialKeyCheck {
  return jsonReady({
    keyId: raw.key_id,
    present: raw.present,
    current: raw.current,
    credentials: integer(raw.credentials),
    unreadable: integer(raw.unreadable),
  });
}

export function routingRequest(raw: any): RoutingRequest {
  return jsonReady({
    requestId: raw.request_id,
    attempt: integer(raw.attempt),
    userId: raw.user_id,
    conversationId: raw.conversation_id,
    capability: raw.capability,
    provider: raw.provider,
    model: raw.model,
    outcome: raw.outcome,
    errorKind: raw.error_kind,
    latencyMs: integer(raw.latency_ms),
    ttftMs: integer(raw.ttft_ms),
    inputTokens: integer(raw.input_tokens),
    outputTokens: integer(raw.output_tokens),
    cachedTokens: integer(raw.cached_tokens),
    reasoningTokens: integer(raw.reasoning_tokens),
    cost: raw.cost,
    reason: jsonOf(raw.reason),
    source: raw.source,
    createdAt: timestampOf(raw.created_at),
  }, restoreBigints(raw.reason));
}

export function routingRequestPage(raw: any): RoutingRequestPage {
  return {
    requests: raw.requests.map(routingRequest),
    nextCursor: raw.next_cursor,
  };
}

export function providerHealth(raw: any): ProviderHealth {
  return jsonReady({
    provider: raw.provider,
    requests: integer(raw.requests),
    failures: integer(raw.failures),
    cancelled: integer(raw.cancelled),
    failuresPerThousand: integer(raw.failures_per_thousand),
    averageLatencyMs: integer(raw.average_latency_ms),
    medianLatencyMs: integer(raw.median_latency_ms),
    p95LatencyMs: integer(raw.p95_latency_ms),
    averageTtftMs: integer(raw.average_ttft_ms),
    lastRequestAt: timestampOf(raw.last_request_at),
    lastFailureAt: optional(raw.last_failure_at, timestampOf),
    models: raw.models.map(modelHealth),
  });
}

export function modelHealth(raw: any): ModelHealth {
  return jsonReady({
    model: raw.model,
    requests: integer(raw.requests),
    failures: integer(raw.failures),
    cancelled: integer(raw.cancelled),
    failuresPerThousand: integer(raw.failures_per_thousand),
    averageLatencyMs: integer(raw.average_latency_ms),
    medianLatencyMs: integer(raw.median_latency_ms),
    p95LatencyMs: integer(raw.p95_latency_ms),
    averageTtftMs: integer(raw.average_ttft_ms),
    lastRequestAt: timestampOf(raw.last_request_at),
    lastFailureAt: optional(raw.last_failure_at, timestampOf),
  });
}

export function routingUsage(raw: any): RoutingUsage {
  return jsonReady({
    provider: raw.provider,
    model: raw.model,
    start: optional(raw.start, timestampOf),
    userId: raw.user_id,
    requests: integer(raw.requests),
    failures: integer(raw.failures),
    cancelled: integer(raw.cancelled),
    inputTokens: integer(raw.input_tokens),
    outputTokens: integer(raw.output_tokens),
    cachedTokens: integer(raw.cached_tokens),
    reasoningTokens: integer(raw.reasoning_tokens),
    cost: raw.cost,
  });
}

export function policyPage(raw: any): PolicyPage {
  return {
    policies: raw.policies.map(providerPolicy),
    nextCursor: raw.next_cursor,
  };
}

export function modelChoice(raw: any): ModelChoice {
  return {
    candidates: raw.candidates.map(modelCandidate),
    rejected: raw.rejected.map(rejectedModel),
  };
}

export function modelCandidate(raw: any): ModelCandidate {
  return jsonReady({
    provider: raw.provider,
    model: raw.model,
    kind: raw.kind,
    baseUrl: raw.base_url,
    params: raw.params,
    contextWindow: integer(raw.context_window),
    maxOutputTokens: integer(raw.max_output_tokens),
    inputPrice: raw.input_price,
    outputPrice: raw.output_price,
    cachedInputPrice: raw.cached_input_price,
    halfOpen: raw.half_open,
    reasons: raw.reasons,
  }, restoreBigints(raw.params));
}

export function rejectedModel(raw: any): RejectedModel {
  return {
    provider: raw.provider,
    model: raw.model,
    reason: raw.reason,
    explanation: raw.explanation,
  };
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
    appliedAt: optional(raw.applied_at, timestampOf),
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
    startedAt: optional(raw.started_at, timestampOf),
    appliedAt: optional(raw.applied_at, timestampOf),
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
