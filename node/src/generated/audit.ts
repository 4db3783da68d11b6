/** AuditManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import { auditEntry, auditPage } from './decode.js';
import type { AuditEntry, AuditPage, ListAuditOptions, RecordAuditOptions } from './types.js';

const RECORD_AUDIT = operation(
  'audit',
  'record_audit',
  'recordAudit',
  ['actor', 'object', 'before', 'after', 'ip'],
  recordOf(auditEntry),
);
const LIST_AUDIT = operation(
  'audit',
  'list_audit',
  'listAudit',
  ['actor', 'object', 'action', 'startDate', 'endDate', 'cursor', 'limit'],
  recordOf(auditPage),
);
const PRUNE_AUDIT = operation('audit', 'prune_audit', 'pruneAudit', [], integer<number>);

/**
 * Records which account did what to which object.
 *
 * Entries do not change, except that `eraseUser` removes the user from them. `pruneAudit` deletes
 * old ones. Other calls, such as `grantRole`, record nothing themselves, because they know neither
 * the actor nor the client: record the action after the call.
 */
export class AuditManager extends OperationGroup {
  /**
   * Records an action.
   *
   * In `before` and `after`, the values of keys that name a secret, such as `password`, `api_key`
   * or `session_token`, are replaced by `[redacted]`.
   *
   * @param action The action, such as `role.granted`, at most 100 characters.
   * @param options Options: `actor`, `object`, `before`, `after`, `ip` and `signal`.
   * @returns The entry.
   * @throws `CHATKEEP_INVALID_INPUT`: `action` is empty, or a value is too long.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  recordAudit(action: string, options?: RecordAuditOptions): Promise<AuditEntry> {
    return call(this, RECORD_AUDIT, options, ({ actor, object, before, after, ip }) => [
      action,
      actor,
      object,
      metadataText(RECORD_AUDIT.name, before, 'before'),
      metadataText(RECORD_AUDIT.name, after, 'after'),
      ip,
    ]);
  }

  /**
   * Returns a page of the matching entries, newest first.
   *
   * @param options Options: `actor`, `object`, `action`, `startDate`, `endDate`, `cursor`, `limit`
   * and `signal`.
   * @returns The entries, and the position of the next page.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listAudit(options?: ListAuditOptions): Promise<AuditPage> {
    return call(this, LIST_AUDIT, options, ({ actor, object, action, startDate, endDate, cursor, limit }) => [
      actor,
      object,
      action,
      timestampArg(startDate),
      timestampArg(endDate),
      limit,
      cursor,
    ]);
  }

  /**
   * Deletes the entries that are older than a number of days, in batches.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted entries.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some entries may be deleted. Call it again.
   */
  pruneAudit(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, PRUNE_AUDIT, options, () => [days]);
  }
}
