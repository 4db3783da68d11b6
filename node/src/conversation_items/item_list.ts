/** The items of one conversation, which is created with its first item. */

import { ChatkeepError, invalidInput } from '../errors.js';
import type { ConversationItem, NewItem } from '../generated/types.js';
import type { Chatkeep } from '../store.js';
import { inOrder } from './queue.js';

/** Maximum number of items of a query. */
const PAGE = 10_000;

/** How often a change is repeated because another program changed the items in between. */
const ATTEMPTS = 20;

/** New items from a position on, in place of the stored ones. */
export interface Rewrite {
  readonly from: number;
  readonly items: readonly NewItem[];
}

/** The values of a conversation when it is created. */
export interface NewConversation {
  readonly userId?: string | undefined;
  readonly title?: string | undefined;
  readonly metadata?: object | undefined;
}

/** The items of a conversation. */
export class ItemList {
  readonly #chat: Chatkeep;
  readonly #id: string;
  readonly #conversation: NewConversation;
  #isOwned: boolean;

  /**
   * @param chat The store.
   * @param id The conversation's public id.
   * @param conversation The values of the conversation when it is created.
   * @param isShared Whether others can name the conversation, too. If the conversation has a user,
   * calls then fail unless it belongs to this user.
   */
  constructor(chat: Chatkeep, id: string, conversation: NewConversation, isShared: boolean) {
    this.#chat = chat;
    this.#id = id;
    this.#conversation = conversation;
    this.#isOwned = !isShared || conversation.userId === undefined;
  }

  /** Runs a change after the earlier ones of this program. */
  change<T>(work: () => Promise<T>): Promise<T> {
    return inOrder(this.#chat, this.#id, work);
  }

  /** Returns all items. */
  async all(): Promise<ConversationItem[]> {
    if (!(await this.checkOwner())) return [];
    const items: ConversationItem[] = [];
    for (let after = 0; ; after = items.at(-1)?.position ?? 0) {
      const page = await this.#manager.getItems(this.#id, { after, limit: PAGE });
      items.push(...page);
      if (page.length < PAGE) return items;
    }
  }

  /** Returns the last items that a condition selects, at most `count`. */
  async last(
    count: number,
    select: (item: ConversationItem) => boolean,
  ): Promise<ConversationItem[]> {
    if (!(await this.checkOwner())) return [];
    const items: ConversationItem[] = [];
    let before: number | undefined;
    while (items.length < count) {
      const limit = Math.min(count - items.length, PAGE);
      const page = await this.#manager.getItems(this.#id, { before, limit });
      items.unshift(...page.filter(select));
      before = page[0]?.position;
      if (page.length < limit) break;
    }
    return items;
  }

  /** Appends items, and creates the conversation if it does not exist. */
  async append(items: readonly NewItem[]): Promise<void> {
    if (items.length === 0) return;
    await this.orCreated(() => this.#manager.appendItems(this.#id, items));
  }

  /**
   * Replaces items by others that depend on them, and creates the conversation if it does not
   * exist. If another program changed the items in between, they are read again.
   *
   * @param plan Returns the change of the stored items, or undefined to change nothing.
   */
  async rewrite(plan: (stored: ConversationItem[]) => Rewrite | undefined): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      // The version is read first, so a change after it is detected.
      const found = await this.#manager.getConversation(this.#id);
      const expectedItemVersion = found?.itemVersion ?? 0;
      const change = plan(await this.all());
      if (change === undefined) return;
      const { from, items } = change;
      const replace = () =>
        this.#manager.replaceItems(this.#id, from, items, { expectedItemVersion });
      try {
        await this.orCreated(replace);
        return;
      } catch (error) {
        const isChanged = error instanceof ChatkeepError && error.field === 'expectedItemVersion';
        if (!isChanged || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Removes the last item, and returns it. */
  async pop(): Promise<ConversationItem | undefined> {
    if (!(await this.checkOwner())) return undefined;
    const popped = await orMissing(this.#manager.popItems(this.#id, 1));
    return popped?.at(-1);
  }

  /** Removes all items. */
  async clear(): Promise<void> {
    if (!(await this.checkOwner())) return;
    await orMissing(this.#manager.clearItems(this.#id));
  }

  /** Makes a write, and creates the conversation before if it does not exist. */
  async orCreated<T>(write: () => Promise<T>): Promise<T> {
    const written = (await this.checkOwner()) ? await orMissing(write()) : undefined;
    if (written !== undefined) return written;
    await this.create();
    return await write();
  }

  /** Creates the conversation if it does not exist. */
  async create(): Promise<void> {
    try {
      await this.#manager.createConversation({ ...this.#conversation, publicId: this.#id });
      this.#isOwned = true;
    } catch (error) {
      // Another caller has created it.
      const isTaken = error instanceof ChatkeepError && error.code === 'CHATKEEP_CONFLICT';
      if (!isTaken || error.field !== 'publicId') throw error;
      await this.checkOwner();
    }
  }

  /**
   * Checks that the conversation belongs to the user, if there is one.
   *
   * @returns False if the conversation did not exist. Another user may have created it since then,
   * so it must not be read or changed.
   */
  async checkOwner(): Promise<boolean> {
    if (this.#isOwned) return true;
    const found = await this.#manager.getConversation(this.#id);
    if (found === null) return false;
    if (found.userId !== this.#conversation.userId) {
      throw invalidInput('getConversation', 'userId', 'is not the user of the conversation');
    }
    this.#isOwned = true;
    return true;
  }

  get #manager() {
    return this.#chat.conversationManager;
  }
}

/** Returns the result of a call, or undefined if its conversation does not exist. */
async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const isInvalid = error instanceof ChatkeepError && error.code === 'CHATKEEP_INVALID_INPUT';
    if (isInvalid && error.field === 'conversationId') return undefined;
    throw error;
  }
}
