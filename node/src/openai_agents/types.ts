/** Types of the OpenAI Agents integration. */

/** Options of `ChatkeepSession`. */
export interface SessionOptions {
  /** Id of the session: any text. By default a new UUID. */
  readonly sessionId?: string | undefined;
  /**
   * Public id of the user that the session belongs to. The export and the erasure of the user
   * include the session. Sessions of different users are different, also with the same id.
   */
  readonly userId?: string | undefined;
}
