/** ProviderManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { listOf, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { model, modelDefault, provider, providerSnapshot, selectedModel } from './decode.js';
import type {
  CreateProviderOptions,
  ListModelDefaultsOptions,
  ListModelsOptions,
  ListProvidersOptions,
  Model,
  ModelDefault,
  Provider,
  ProviderSnapshot,
  PutModelOptions,
  SelectedModel,
  UpdateProviderOptions,
} from './types.js';

const CREATE_PROVIDER = operation(
  'providers',
  'create_provider',
  'createProvider',
  ['displayName', 'baseUrl', 'enabled', 'priority', 'weight', 'capabilities', 'rateLimits', 'config', 'publicId'],
  recordOf(provider),
);
const UPDATE_PROVIDER = operation(
  'providers',
  'update_provider',
  'updateProvider',
  ['kind', 'displayName', 'baseUrl', 'enabled', 'priority', 'weight', 'capabilities', 'rateLimits', 'config', 'expectedVersion'],
  optionalOf(provider),
);
const GET_PROVIDER = operation(
  'providers',
  'get_provider',
  'getProvider',
  [],
  optionalOf(provider),
);
const LIST_PROVIDERS = operation(
  'providers',
  'list_providers',
  'listProviders',
  ['enabled', 'limit', 'after'],
  listOf(provider),
);
const DELETE_PROVIDER = operation(
  'providers',
  'delete_provider',
  'deleteProvider',
  [],
  identity<boolean>,
);
const PUT_MODEL = operation(
  'providers',
  'put_model',
  'putModel',
  ['displayName', 'enabled', 'capabilities', 'contextWindow', 'maxOutputTokens', 'params', 'inputPrice', 'outputPrice', 'cachedInputPrice'],
  recordOf(model),
);
const GET_MODEL = operation('providers', 'get_model', 'getModel', [], optionalOf(model));
const LIST_MODELS = operation(
  'providers',
  'list_models',
  'listModels',
  ['enabled', 'limit', 'after'],
  listOf(model),
);
const DELETE_MODEL = operation('providers', 'delete_model', 'deleteModel', [], identity<boolean>);
const SET_MODEL_DEFAULT = operation(
  'providers',
  'set_model_default',
  'setModelDefault',
  [],
  recordOf(modelDefault),
);
const DELETE_MODEL_DEFAULT = operation(
  'providers',
  'delete_model_default',
  'deleteModelDefault',
  [],
  identity<boolean>,
);
const LIST_MODEL_DEFAULTS = operation(
  'providers',
  'list_model_defaults',
  'listModelDefaults',
  ['limit', 'after'],
  listOf(modelDefault),
);
const GET_DEFAULT_MODEL = operation(
  'providers',
  'get_default_model',
  'getDefaultModel',
  [],
  optionalOf(selectedModel),
);
const GET_PROVIDER_SNAPSHOT = operation(
  'providers',
  'get_provider_snapshot',
  'getProviderSnapshot',
  [],
  recordOf(providerSnapshot),
);

/**
 * Stores providers of models, their models and prices, and the default model of each purpose.
 *
 * A provider is identified by its name, a model by the names of its provider and its own. The API
 * keys of a provider are credentials, which are stored encrypted, and not part of its
 * configuration.
 *
 * `getProviderSnapshot` returns all of it from memory, so that choosing a model for a request does
 * not query the database. Changes by other processes are in it after 2 seconds, or after 5 if the
 * database answers slowly.
 *
 * The tables have no retention: a provider and a model stay until they are deleted.
 */
export class ProviderManager extends OperationGroup {
  /**
   * Creates a provider.
   *
   * @param name Unique name: 1–50 lower-case letters a–z, digits, dots, hyphens and
   * underscores. It never changes. The message log stores names of at most 50 characters.
   * @param kind The interface that the provider has, such as `openai` or `anthropic`: 1–50
   * characters, as in `name`.
   * @param options Options: `displayName`, `baseUrl`, `enabled`, `priority`, `weight`,
   * `capabilities`, `rateLimits`, `config`, `publicId` and `signal`.
   * @returns The provider, with version 1.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. `config` and `baseUrl` must not contain
   * secrets.
   * @throws `CHATKEEP_CONFLICT`: another provider has the name or the id. It is not retryable then,
   * and its field is `name` or `publicId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createProvider(name: string, kind: string, options?: CreateProviderOptions): Promise<Provider> {
    return call(this, CREATE_PROVIDER, options, ({ displayName, baseUrl, enabled, priority, weight, capabilities, rateLimits, config, publicId }) => [
      name,
      kind,
      displayName,
      baseUrl,
      enabled,
      priority,
      weight,
      capabilities,
      metadataText(CREATE_PROVIDER.name, rateLimits, 'rateLimits'),
      metadataText(CREATE_PROVIDER.name, config, 'config'),
      publicId,
    ]);
  }

  /**
   * Changes a provider. Fields that are not given stay unchanged; an empty text or list removes the
   * value.
   *
   * `rateLimits` and `config` are replaced as a whole. A call that changes no value returns the
   * provider with its present version.
   *
   * @param name Name of the provider, which never changes.
   * @param options Options: `kind`, `displayName`, `baseUrl`, `enabled`, `priority`, `weight`,
   * `capabilities`, `rateLimits`, `config`, `expectedVersion` and `signal`.
   * @returns The changed provider with its new version, or `null` if no provider has this name.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. `config` and `baseUrl` must not contain
   * secrets.
   * @throws `CHATKEEP_CONFLICT`: the provider has another version than the expected one. It is not
   * retryable then, and its field is `expectedVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  updateProvider(name: string, options?: UpdateProviderOptions): Promise<Provider | null> {
    return call(this, UPDATE_PROVIDER, options, ({
      kind,
      displayName,
      baseUrl,
      enabled,
      priority,
      weight,
      capabilities,
      rateLimits,
      config,
      expectedVersion,
    }) => [
      name,
      kind,
      displayName,
      baseUrl,
      enabled,
      priority,
      weight,
      capabilities,
      metadataText(UPDATE_PROVIDER.name, rateLimits, 'rateLimits'),
      metadataText(UPDATE_PROVIDER.name, config, 'config'),
      expectedVersion,
    ]);
  }

  /**
   * Returns a provider.
   *
   * @param name Name of the provider.
   * @param options An abort signal.
   * @returns `null` if no provider has this name.
   * @throws `CHATKEEP_INVALID_INPUT`: `name` is not a name of a provider.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getProvider(name: string, options?: Abortable): Promise<Provider | null> {
    return call(this, GET_PROVIDER, options, () => [name]);
  }

  /**
   * Returns providers, ordered by name.
   *
   * @param options Options: `enabled`, `limit`, `after` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `after` is too long.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listProviders(options?: ListProvidersOptions): Promise<Provider[]> {
    return call(this, LIST_PROVIDERS, options, ({ enabled, limit, after }) => [
      enabled,
      limit,
      after,
    ]);
  }

  /**
   * Deletes a provider with its models, their defaults, its credentials, and its policies.
   *
   * Logged messages keep the provider's name.
   *
   * @param name Name of the provider.
   * @param options An abort signal.
   * @returns `false` if no provider has this name.
   * @throws `CHATKEEP_INVALID_INPUT`: `name` is not a name of a provider.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteProvider(name: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_PROVIDER, options, () => [name]);
  }

  /**
   * Stores a model of a provider, and replaces one with the same name.
   *
   * Values that are not given are removed. `createdAt` stays when a model is replaced, and equal
   * values change nothing.
   *
   * @param provider Name of the provider.
   * @param name Name of the model as the provider spells it: 1–100 characters without whitespace.
   * @param options Options: `displayName`, `enabled`, `capabilities`, `contextWindow`,
   * `maxOutputTokens`, `params`, `inputPrice`, `outputPrice`, `cachedInputPrice` and `signal`.
   * @returns The stored model.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or no provider has the name `provider`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * model may be stored; storing it again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  putModel(provider: string, name: string, options?: PutModelOptions): Promise<Model> {
    return call(this, PUT_MODEL, options, ({
      displayName,
      enabled,
      capabilities,
      contextWindow,
      maxOutputTokens,
      params,
      inputPrice,
      outputPrice,
      cachedInputPrice,
    }) => [
      provider,
      name,
      displayName,
      enabled,
      capabilities,
      contextWindow,
      maxOutputTokens,
      metadataText(PUT_MODEL.name, params, 'params'),
      inputPrice,
      outputPrice,
      cachedInputPrice,
    ]);
  }

  /**
   * Returns a model of a provider.
   *
   * @param provider Name of the provider.
   * @param name Name of the model.
   * @param options An abort signal.
   * @returns `null` if the provider or the model does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `provider` or `name` is not a name.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getModel(provider: string, name: string, options?: Abortable): Promise<Model | null> {
    return call(this, GET_MODEL, options, () => [provider, name]);
  }

  /**
   * Returns models of a provider, ordered by name.
   *
   * @param provider Name of the provider.
   * @param options Options: `enabled`, `limit`, `after` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: no provider has the name `provider`, `limit` is out of range,
   * or `after` is too long.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listModels(provider: string, options?: ListModelsOptions): Promise<Model[]> {
    return call(this, LIST_MODELS, options, ({ enabled, limit, after }) => [
      provider,
      enabled,
      limit,
      after,
    ]);
  }

  /**
   * Deletes a model of a provider. Purposes whose default it is have none afterwards.
   *
   * @param provider Name of the provider.
   * @param name Name of the model.
   * @param options An abort signal.
   * @returns `false` if the provider or the model does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `provider` or `name` is not a name.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteModel(provider: string, name: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_MODEL, options, () => [provider, name]);
  }

  /**
   * Makes a model the default of a purpose, in place of the former one.
   *
   * A disabled model can be a default. `getDefaultModel` returns it once it is enabled.
   *
   * @param purpose The purpose, such as `chat` or `embedding`: 1–100 characters without
   * whitespace.
   * @param provider Name of the model's provider.
   * @param model Name of the model.
   * @param options An abort signal.
   * @returns The stored default.
   * @throws `CHATKEEP_INVALID_INPUT`: `purpose` is invalid, or the provider or the model does not
   * exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made; making it again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setModelDefault(
    purpose: string,
    provider: string,
    model: string,
    options?: Abortable,
  ): Promise<ModelDefault> {
    return call(this, SET_MODEL_DEFAULT, options, () => [purpose, provider, model]);
  }

  /**
   * Deletes the default model of a purpose.
   *
   * @param purpose The purpose.
   * @param options An abort signal.
   * @returns `false` if the purpose has none.
   * @throws `CHATKEEP_INVALID_INPUT`: `purpose` is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteModelDefault(purpose: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_MODEL_DEFAULT, options, () => [purpose]);
  }

  /**
   * Returns the default models, ordered by purpose. Disabled ones are included.
   *
   * @param options Options: `limit`, `after` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `after` is too long.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listModelDefaults(options?: ListModelDefaultsOptions): Promise<ModelDefault[]> {
    return call(this, LIST_MODEL_DEFAULTS, options, ({ limit, after }) => [limit, after]);
  }

  /**
   * Returns the default model of a purpose with its provider, from memory.
   *
   * @param purpose The purpose.
   * @param options An abort signal.
   * @returns `null` if the purpose has none, or if the model or its provider is disabled.
   * @throws `CHATKEEP_INVALID_INPUT`: `purpose` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer, and the snapshot is older than 5
   * seconds. Other errors of the connection are possible, too.
   */
  getDefaultModel(purpose: string, options?: Abortable): Promise<SelectedModel | null> {
    return call(this, GET_DEFAULT_MODEL, options, () => [purpose]);
  }

  /**
   * Returns all providers, models, defaults and policies, from memory.
   *
   * The database is asked at most every 2 seconds whether one was changed. All of it is read again
   * only if so, or if this process has made a change.
   *
   * @param options An abort signal.
   * @returns The state at one time. Its `revision` increases with every change.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer, and the snapshot is older than 5
   * seconds. Other errors of the connection are possible, too.
   */
  getProviderSnapshot(options?: Abortable): Promise<ProviderSnapshot> {
    return call(this, GET_PROVIDER_SNAPSHOT, options, () => []);
  }
}
