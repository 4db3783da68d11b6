/** RoutingManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { metadataText, optionalJsonText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { recordsArg } from '../records.js';
import { integer, listOf, optionalOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import {
  modelChoice,
  policyPage,
  providerHealth,
  providerPolicy,
  routingRequest,
  routingRequestPage,
  routingUsage,
} from './decode.js';
import { newRoutingRequestKeys } from './encode.js';
import type {
  ChooseModelOptions,
  DeletePolicyOptions,
  GetPolicyOptions,
  GetRoutingUsageOptions,
  ListPoliciesOptions,
  ListRoutingRequestsOptions,
  ModelChoice,
  NewRoutingRequest,
  PolicyKind,
  PolicyPage,
  ProviderHealth,
  ProviderPolicy,
  PutPolicyOptions,
  RecordRequestOptions,
  RoutingOutcome,
  RoutingRequest,
  RoutingRequestPage,
  RoutingUsage,
  RoutingUsageBy,
} from './types.js';

const RECORD_REQUEST = operation(
  'routing',
  'record_request',
  'recordRequest',
  ['attempt', 'userId', 'conversationId', 'capability', 'errorKind', 'latencyMs', 'ttftMs', 'inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens', 'cost', 'reason', 'source', 'createdAt'],
  noResult,
);
const RECORD_REQUESTS = operation('routing', 'record_requests', 'recordRequests', [], noResult);
const GET_REQUEST_ATTEMPTS = operation(
  'routing',
  'get_request_attempts',
  'getRequestAttempts',
  [],
  listOf(routingRequest),
);
const LIST_ROUTING_REQUESTS = operation(
  'routing',
  'list_routing_requests',
  'listRoutingRequests',
  ['provider', 'model', 'outcome', 'userId', 'startDate', 'endDate', 'limit', 'cursor'],
  recordOf(routingRequestPage),
);
const GET_PROVIDER_HEALTH = operation(
  'routing',
  'get_provider_health',
  'getProviderHealth',
  [],
  listOf(providerHealth),
);
const GET_ROUTING_USAGE = operation(
  'routing',
  'get_routing_usage',
  'getRoutingUsage',
  ['startDate', 'endDate', 'userId', 'limit'],
  listOf(routingUsage),
);
const DELETE_OLD_ROUTING_REQUESTS = operation(
  'routing',
  'delete_old_routing_requests',
  'deleteOldRoutingRequests',
  [],
  integer<number>,
);
const PUT_POLICY = operation(
  'routing',
  'put_policy',
  'putPolicy',
  ['config', 'provider', 'enabled', 'expectedVersion'],
  recordOf(providerPolicy),
);
const GET_POLICY = operation(
  'routing',
  'get_policy',
  'getPolicy',
  ['provider'],
  optionalOf(providerPolicy),
);
const LIST_POLICIES = operation(
  'routing',
  'list_policies',
  'listPolicies',
  ['provider', 'limit', 'cursor'],
  recordOf(policyPage),
);
const DELETE_POLICY = operation(
  'routing',
  'delete_policy',
  'deletePolicy',
  ['provider', 'expectedVersion'],
  identity<boolean>,
);
const CHOOSE_MODEL = operation(
  'routing',
  'choose_model',
  'chooseModel',
  ['purpose', 'capabilities', 'minContextWindow', 'preferredProvider', 'preferredModel', 'tried', 'seed'],
  recordOf(modelChoice),
);

/**
 * Records requests to models of providers, with their outcomes, latencies, tokens and costs.
 *
 * The health of providers and the usage are totals that are advanced in the transaction of the
 * requests. So they are exact, and do not become slower with the number of requests.
 */
export class RoutingManager extends OperationGroup {
  /**
   * Records an attempt of a request to a model, and returns after the commit.
   *
   * Requests that are recorded concurrently share a transaction. Their users and conversations are
   * looked up once a minute, so recording does not read from the database.
   *
   * @param requestId Id of the request, which its attempts share. 1–64 characters.
   * @param provider Name of the provider. 1–100 characters.
   * @param model Name of the model. 1–100 characters.
   * @param outcome Outcome of the request.
   * @param options Options: `attempt`, `userId`, `conversationId`, `capability`, `errorKind`,
   * `latencyMs`, `ttftMs`, `inputTokens`, `outputTokens`, `cachedTokens`, `reasoningTokens`,
   * `cost`, `reason`, `source`, `createdAt` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or there is no such user or conversation.
   * @throws `CHATKEEP_CONFLICT`: the attempt of the request is recorded already. It is not
   * retryable then, and its field is `requestId`. After an unknown outcome, it means that the
   * request is stored.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * request may be stored; calling again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  recordRequest(
    requestId: string,
    provider: string,
    model: string,
    outcome: RoutingOutcome,
    options?: RecordRequestOptions,
  ): Promise<void> {
    return call(this, RECORD_REQUEST, options, ({
      attempt,
      userId,
      conversationId,
      capability,
      errorKind,
      latencyMs,
      ttftMs,
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      reason,
      source,
      createdAt,
    }) => [
      requestId,
      provider,
      model,
      outcome,
      attempt,
      userId,
      conversationId,
      capability,
      errorKind,
      latencyMs,
      ttftMs,
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      optionalJsonText(RECORD_REQUEST.name, 'reason', reason),
      source,
      timestampArg(createdAt),
    ]);
  }

  /**
   * Records attempts of requests, all or none.
   *
   * @param requests The attempts, at most 10,000.
   * @param options An abort signal.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `requests[3].provider`, or there
   * is no such user or conversation.
   * @throws `CHATKEEP_CONFLICT`: one of the attempts is recorded already. It is not retryable then,
   * and its field is `requestId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. All
   * requests may be stored; calling again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  recordRequests(requests: Iterable<NewRoutingRequest>, options?: Abortable): Promise<void> {
    return call(this, RECORD_REQUESTS, options, () => [
      recordsArg(RECORD_REQUESTS.name, 'requests', requests, newRoutingRequestKeys),
    ]);
  }

  /**
   * Returns the attempts of a request, in their order.
   *
   * @param requestId Id of the request.
   * @param options An abort signal.
   * @returns The attempts, at most 10,000. The list is empty if none is recorded, or if they were
   * deleted.
   * @throws `CHATKEEP_INVALID_INPUT`: `requestId` is empty or too long.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getRequestAttempts(requestId: string, options?: Abortable): Promise<RoutingRequest[]> {
    return call(this, GET_REQUEST_ATTEMPTS, options, () => [requestId]);
  }

  /**
   * Returns recorded requests, newest first.
   *
   * A page of a search by provider, model or outcome considers at most 50,000 requests, however few
   * match. So it may have fewer requests than `limit`, or none, and a further page.
   *
   * @param options Options: `provider`, `model`, `outcome`, `userId`, `startDate`, `endDate`,
   * `limit`, `cursor` and `signal`.
   * @returns A page of requests. It is empty if there is no such user.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or another argument is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listRoutingRequests(options?: ListRoutingRequestsOptions): Promise<RoutingRequestPage> {
    return call(this, LIST_ROUTING_REQUESTS, options, ({ provider, model, outcome, userId, startDate, endDate, limit, cursor }) => [
      provider,
      model,
      outcome,
      userId,
      timestampArg(startDate),
      timestampArg(endDate),
      limit,
      cursor,
    ]);
  }

  /**
   * Returns the health of the providers that had requests in the last minutes.
   *
   * It is read from totals, and includes probes. The first minute counts as a whole. Percentiles of
   * latencies are upper bounds: limits of the classes in which latencies are counted. The limits
   * are 100, 250, 500, 1,000, 2,000, 4,000, 8,000, 15,000, 30,000 and 60,000 milliseconds.
   *
   * @param minutes Number of minutes (1–1,440). Default: 5.
   * @param options An abort signal.
   * @returns The providers with their models, ordered by name. Those without requests are left out.
   * @throws `CHATKEEP_INVALID_INPUT`: `minutes` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getProviderHealth(minutes?: number | bigint, options?: Abortable): Promise<ProviderHealth[]> {
    return call(this, GET_PROVIDER_HEALTH, options, () => [minutes]);
  }

  /**
   * Returns requests, tokens and costs by provider, model, day, hour or user.
   *
   * The period is extended to whole hours: its start to the beginning of the hour, its end to the
   * end of the hour. Usage is read from totals, which are kept for ever. Usage by user, and that of
   * one user, is computed from the requests instead. Requests that were deleted by
   * `deleteOldRoutingRequests` are not part of it.
   *
   * @param by By what usage is added up.
   * @param options Options: `startDate`, `endDate`, `userId`, `limit` and `signal`.
   * @returns The rows: those with the most requests first, or days and hours in their order. Days
   * and hours without requests are left out. The list is empty if there is no such user.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `endDate` is before `startDate`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getRoutingUsage(by: RoutingUsageBy, options?: GetRoutingUsageOptions): Promise<RoutingUsage[]> {
    return call(this, GET_ROUTING_USAGE, options, ({ startDate, endDate, userId, limit }) => [
      by,
      timestampArg(startDate),
      timestampArg(endDate),
      userId,
      limit,
    ]);
  }

  /**
   * Deletes old requests and the totals by minute, in batches.
   *
   * The totals by hour are kept, so that usage by provider, model, day and hour does not change.
   * Requests of whole hours are deleted. Call it regularly, for example once a day: it also merges
   * totals by hour, which concurrent processes store separately.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000. Default: 30.
   * @param options An abort signal.
   * @returns The number of deleted requests.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some requests may be deleted. Call it again.
   */
  deleteOldRoutingRequests(days?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_ROUTING_REQUESTS, options, () => [days]);
  }

  /**
   * Stores a policy, and replaces one with the same name and owner.
   *
   * A policy decides how models are chosen.
   *
   * A policy belongs to a provider, or to the application. That of a provider takes precedence over
   * one of the application with the same kind. A call that changes no value returns the policy with
   * its present version.
   *
   * @param name Name of the policy, 1–100 characters. It is unique among those of the same owner.
   * @param kind Kind of the policy.
   * @param options Options: `config`, `provider`, `enabled`, `expectedVersion` and `signal`.
   * @returns The policy with its version. Its configuration has all fields of the kind.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `config.failure_percent`, or a
   * provider does not exist.
   * @throws `CHATKEEP_CONFLICT`: the policy has another version than the expected one, or the owner
   * has another enabled policy of this kind. It is not retryable then, and its field is
   * `expectedVersion` or `kind`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  putPolicy(name: string, kind: PolicyKind, options?: PutPolicyOptions): Promise<ProviderPolicy> {
    return call(this, PUT_POLICY, options, ({ config, provider, enabled, expectedVersion }) => [
      name,
      kind,
      metadataText(PUT_POLICY.name, config, 'config'),
      provider,
      enabled,
      expectedVersion,
    ]);
  }

  /**
   * Returns a policy of the application, or of a provider.
   *
   * @param name Name of the policy.
   * @param options Options: `provider` and `signal`.
   * @returns `null` if there is no such policy.
   * @throws `CHATKEEP_INVALID_INPUT`: `name` or `provider` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getPolicy(name: string, options?: GetPolicyOptions): Promise<ProviderPolicy | null> {
    return call(this, GET_POLICY, options, ({ provider }) => [name, provider]);
  }

  /**
   * Returns policies, newest first. Those of deleted providers were deleted with them.
   *
   * @param options Options: `provider`, `limit`, `cursor` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `provider` or `cursor` is invalid, or `limit` is out of
   * range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listPolicies(options?: ListPoliciesOptions): Promise<PolicyPage> {
    return call(this, LIST_POLICIES, options, ({ provider, limit, cursor }) => [
      provider,
      limit,
      cursor,
    ]);
  }

  /**
   * Deletes a policy of the application, or of a provider.
   *
   * @param name Name of the policy.
   * @param options Options: `provider`, `expectedVersion` and `signal`.
   * @returns `false` if there is no such policy.
   * @throws `CHATKEEP_INVALID_INPUT`: `name`, `provider` or `expectedVersion` is invalid.
   * @throws `CHATKEEP_CONFLICT`: the policy has another version than the expected one. It is not
   * retryable then, and its field is `expectedVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deletePolicy(name: string, options?: DeletePolicyOptions): Promise<boolean> {
    return call(this, DELETE_POLICY, options, ({ provider, expectedVersion }) => [
      name,
      provider,
      expectedVersion,
    ]);
  }

  /**
   * Chooses models for a request, in the order in which the caller tries them.
   *
   * Candidates are the enabled models that have the needed capabilities and context window, and
   * whose circuit is not open. The preferred ones are first, then the default model of the purpose,
   * then the others in the order of the `load_balance` policy: by priority, unless there is one. A
   * `fallback` policy orders and restricts the providers that follow.
   *
   * The policies of a provider take precedence over those of the application. A fallback is that of
   * the first provider in `tried`, or else of the first candidate. A provider's own `load_balance`
   * policy orders its models among themselves.
   *
   * Providers and policies are in memory, as for `getProviderSnapshot`. The health is asked for at
   * most every 5 seconds, and only if a policy needs it. Once a request of this process has failed,
   * it is asked for at most every second.
   *
   * @param options Options: `purpose`, `capabilities`, `minContextWindow`, `preferredProvider`,
   * `preferredModel`, `tried`, `seed` and `signal`.
   * @returns The candidates, and the rejected models, each with reasons. If no model can be used,
   * there are no candidates.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `tried[1]`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer, and the providers are older than
   * 5 seconds, or the health is older than 10 seconds. Other errors of the connection are possible,
   * too.
   * @throws `CHATKEEP_CORRUPT`: another program stored an invalid policy.
   */
  chooseModel(options?: ChooseModelOptions): Promise<ModelChoice> {
    return call(this, CHOOSE_MODEL, options, ({ purpose, capabilities, minContextWindow, preferredProvider, preferredModel, tried, seed }) => [
      purpose,
      capabilities,
      minContextWindow,
      preferredProvider,
      preferredModel,
      tried,
      seed,
    ]);
  }
}
