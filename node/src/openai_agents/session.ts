/** The class `ChatkeepSession`. */

import { randomUUID } from 'node:crypto';
import type {
  AgentInputItem,
  SessionHistoryRewriteArgs,
  SessionHistoryRewriteAwareSession,
  SessionHistoryTransactionArgs,
  SessionHistoryTransactionAwareSession,
} from '@openai/agents';
import { contentOf, isStorable } from '../conversation_items/content.js';
import { hashedId } from '../conversation_items/ids.js';
import { ItemList } from '../conversation_items/item_list.js';
import { invalidInput, wrongType } from '../errors.js';
import type { ConversationItem } from '../generated/types.js';
import { optionsOf } from '../options.js';
import { asyncDispose, type Chatkeep, chatOf } from '../store.js';
import type { FlushOptions } from '../types.js';
import { again, agentItem, isAgentItem, newItems } from './items.js';
import { mutated, mutationsOf } from './mutations.js';
import { applied, transactionOf } from './transaction.js';
import type { SessionOptions } from './types.js';

const NAME = 'ChatkeepSession';
/** Not the name in Python, whose SDK has items of another format. */
const FRAMEWORK = 'openai-agents-js';
/** Maximum length of a title, in UTF-16 code units. */
const MAX_TITLE = 255;
const OPTIONS = new Set(['sessionId', 'userId']);

/**
 * Stores the history of a session of the OpenAI Agents SDK as items of a conversation.
 *
 * It is made from a database URL, a store, or the environment. The session closes a store that it
 * opened from a URL: use `await using`, or call `close`. Errors are those of chatkeep; `field`
 * names the value.
 *
 * Any number of objects and processes can use a session. Its conversation is created with the first
 * item.
 *
 * One store makes the changes of a session in the order of the calls. A method that replaces items
 * reads them again if another store or process changed them in between. After 20 such attempts, it
 * throws `CHATKEEP_CONFLICT` with the field `expectedItemVersion`.
 *
 * @example
 * ```ts
 * import { ChatkeepSession } from 'chatkeep/openai-agents';
 *
 * const session = new ChatkeepSession('sqlite:///:memory:', { sessionId: 'ada-1' });
 * await session.addItems([{ role: 'user', content: 'Hello' }]);
 * const [last] = await session.getItems(1);
 * console.log(last); // { role: 'user', content: 'Hello' }
 * await session.close();
 * ```
 */
export class ChatkeepSession
  implements SessionHistoryRewriteAwareSession, SessionHistoryTransactionAwareSession
{
  /** The store with the items. */
  readonly chat: Chatkeep;
  /** Public id of the conversation with the items. */
  readonly conversationId: string;
  readonly #sessionId: string;
  readonly #isOwner: boolean;
  readonly #list: ItemList;

  /**
   * Creates a session. It connects at the first call.
   *
   * @param chat Database URL, or store to use. By default the store that the environment variables
   * configure.
   * @param options The session's id and user.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` if the URL is invalid.
   * @throws ChatkeepError `CHATKEEP_INVALID_INPUT` if an option is invalid.
   */
  constructor(chat?: string | Chatkeep | null, options?: SessionOptions) {
    const { sessionId = randomUUID(), userId } = optionsOf(NAME, options, OPTIONS);
    if (typeof sessionId !== 'string') throw wrongType(NAME, 'sessionId', 'a string', sessionId);
    if (sessionId === '') throw invalidInput(NAME, 'sessionId', 'must not be empty');
    if (userId !== undefined && typeof userId !== 'string') {
      throw wrongType(NAME, 'userId', 'a string', userId);
    }
    this.chat = chatOf(NAME, chat);
    this.conversationId = hashedId(FRAMEWORK, userId ?? null, sessionId);
    this.#sessionId = sessionId;
    this.#isOwner = typeof chat === 'string';
    const title = titleOf(sessionId);
    const metadata = contentOf(NAME, 'sessionId', { framework: FRAMEWORK, session_id: sessionId });
    this.#list = new ItemList(this.chat, this.conversationId, { userId, title, metadata }, false);
  }

  /**
   * Closes the store if the session opened it.
   *
   * @param options Options: `timeout` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired while calls were active.
   */
  async close(options?: FlushOptions): Promise<void> {
    if (this.#isOwner) await this.chat.close(options);
  }

  /** Closes the store if the session opened it, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Returns the id of the session. */
  async getSessionId(): Promise<string> {
    return this.#sessionId;
  }

  /**
   * Returns items of the history, the oldest first.
   *
   * @param limit Maximum number of items; the last ones are returned. Without it, all are returned.
   * @returns The items. A session that does not exist has none.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. This is never reported as an
   * empty history.
   */
  async getItems(limit?: number): Promise<AgentInputItem[]> {
    const count = limit ?? Number.POSITIVE_INFINITY;
    if (typeof count !== 'number') throw wrongType('getItems', 'limit', 'a number', limit);
    if (!Number.isInteger(count) && count !== Number.POSITIVE_INFINITY) {
      throw invalidInput('getItems', 'limit', 'must be an integer');
    }
    if (count <= 0) return [];
    const isAll = count === Number.POSITIVE_INFINITY;
    const stored = isAll ? await this.#list.all() : await this.#list.last(count, isAgentItem);
    return stored.filter(isAgentItem).map(agentItem);
  }

  /**
   * Appends items to the history, all or none. Items of concurrent calls are not mixed.
   *
   * @param items The items.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was stored.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * items may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was stored.
   */
  async addItems(items: AgentInputItem[]): Promise<void> {
    const added = newItems('addItems', 'items', items);
    await this.#list.change(() => this.#list.append(added));
  }

  /**
   * Removes the last item of the history, and returns it.
   *
   * @returns The item, or `undefined` if there is none.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * item may be removed.
   */
  popItem(): Promise<AgentInputItem | undefined> {
    return this.#list.change(async () => {
      const records = [];
      let last = await this.#list.pop();
      while (last !== undefined && !isAgentItem(last)) {
        records.unshift(again(last));
        last = await this.#list.pop();
      }
      await this.#list.append(records);
      return last && agentItem(last);
    });
  }

  /**
   * Removes all items of the history. The conversation remains.
   *
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * items may be removed.
   */
  clearSession(): Promise<void> {
    return this.#list.change(() => this.#list.clear());
  }

  /**
   * Replaces the history in one transaction. Applied operations stay known.
   *
   * @param items The items: a compaction, and those after it.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was changed.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * history may be replaced.
   */
  async replaceHistoryWithCompaction(items: AgentInputItem[]): Promise<void> {
    const added = newItems('replaceHistoryWithCompaction', 'items', items);
    const compacted = (stored: ConversationItem[]) => {
      const records = stored.filter((item) => !isAgentItem(item));
      return { from: 1, items: [...added, ...records.map(again)] };
    };
    await this.#list.change(() => this.#list.rewrite(compacted));
  }

  /**
   * Replaces stored function calls, as the SDK does after their arguments were changed.
   *
   * @param args The mutations. The first call with the id is replaced, and its repetitions are
   * removed. Ids that no call has are ignored.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was changed.
   */
  async applyHistoryMutations(args: SessionHistoryRewriteArgs): Promise<void> {
    const mutations = mutationsOf(args);
    if (mutations.length === 0) return;
    await this.#list.change(() => this.#list.rewrite((stored) => mutated(stored, mutations)));
  }

  /**
   * Appends items, or replaces the last ones, once for each operation id.
   *
   * A call that failed with any error may be repeated: a transaction that was applied is not
   * applied again.
   *
   * @param args The operation id and the transaction.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was changed.
   * @throws `CHATKEEP_CONFLICT`: the last items are not the expected ones, or the operation id
   * belongs to another transaction. Nothing was changed.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed.
   */
  async applyHistoryTransaction(args: SessionHistoryTransactionArgs): Promise<void> {
    const transaction = transactionOf(args);
    await this.#list.change(() => this.#list.rewrite((stored) => applied(stored, transaction)));
  }
}

/** Returns the title of the conversation of a session, if a conversation can have it. */
function titleOf(sessionId: string): string | undefined {
  const title = sessionId.slice(0, MAX_TITLE);
  return isStorable(title) ? title : undefined;
}
