/** Types of the AI SDK integration. */

import type { UIMessage, validateUIMessages } from 'ai' with { 'resolution-mode': 'import' };

/** The schemas of `validateUIMessages`: `tools`, `dataSchemas`, `metadataSchema` and others. */
export type MessageSchemas<M extends UIMessage = UIMessage> = Omit<
  Parameters<typeof validateUIMessages<M>>[0],
  'messages'
>;

/** Option that restricts a call to the chats of a user. */
export interface OfUser {
  /** Public id of the user. The call fails if the chat belongs to another user. */
  readonly userId?: string | undefined;
}

/** Options of `createChat`. */
export interface CreateChatOptions extends OfUser {
  /** Id of the chat: 1–64 characters without whitespace. By default a new UUIDv7. */
  readonly id?: string | undefined;
  /** Title, at most 255 characters. */
  readonly title?: string | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | undefined;
  /** The first messages. */
  readonly messages?: readonly UIMessage[] | undefined;
}

/** Options of `loadChat` and `readChat`. */
export interface LoadChatOptions<M extends UIMessage = UIMessage> extends OfUser {
  /**
   * Validates the messages with the AI SDK: with these schemas, or with `true` only the structure
   * of the messages.
   */
  readonly validate?: boolean | MessageSchemas<M> | undefined;
}

/** A chat to save. It is named by `chatId` or `id`, both of which the AI SDK's guides use. */
export type ChatToSave = OfUser & {
  /** All messages of the chat. Without them, the stored ones stay. */
  readonly messages?: readonly UIMessage[] | undefined;
  /** Id of the stream that can be resumed; `null` ends it. Without it, nothing is changed. */
  readonly activeStreamId?: string | null | undefined;
} & (
    | { readonly chatId: string; readonly id?: undefined }
    | { readonly id: string; readonly chatId?: undefined }
  );

/** Options of `listChats`. */
export interface ListChatsOptions {
  /** Maximum number of chats (1–10,000). Default: 100. */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
  /** Whether to return archived chats, instead of the others. Default: false. */
  readonly archived?: boolean | undefined;
}

/** A chat without its messages. */
export interface ChatSummary {
  readonly id: string;
  /** Public id of the user, if any. */
  readonly userId: string | null;
  readonly title: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly createdAt: Date;
  /** Time of the last message. */
  readonly lastMessageAt: Date;
  readonly archivedAt: Date | null;
}

/** A page of chats, those with the latest activity first. */
export interface ChatPage {
  readonly chats: ChatSummary[];
  /** Position after the last chat, for the next page. `null` at the end. */
  readonly nextCursor: string | null;
}

/** A chat with its messages. */
export interface StoredChat<M extends UIMessage = UIMessage> extends ChatSummary {
  readonly messages: M[];
  /** Id of the stream that can be resumed, if any. */
  readonly activeStreamId: string | null;
}

/** A stream of server-sent events to store. */
export interface StreamToStore extends OfUser {
  readonly chatId: string;
  /** The events, as `consumeSseStream` gets them. */
  readonly stream: ReadableStream<string>;
  /** Id of the stream: 1–64 characters without whitespace. By default a new UUIDv7. */
  readonly streamId?: string | undefined;
  /** Is aborted when the stream is stopped. Without one, only the storing ends. */
  readonly abortController?: AbortController | undefined;
  /** Gets the message of an error. By default it is printed as a warning. */
  readonly report?: ((message: string) => void) | undefined;
}

/** The result of `storeStream`. */
export interface StoredStream {
  /** Id of the stream, or `null` if it could not be created. */
  readonly streamId: string | null;
  /** `replaced`: the chat has another active stream, or the stream was ended elsewhere. */
  readonly status: 'completed' | 'stopped' | 'replaced' | 'failed';
}
