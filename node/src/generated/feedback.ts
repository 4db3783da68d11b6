/** FeedbackManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, listOf, mapValues, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { feedback, feedbackSummary } from './decode.js';
import type {
  Feedback,
  FeedbackSummary,
  ListFeedbackOptions,
  PutFeedbackOptions,
} from './types.js';

const PUT_FEEDBACK = operation(
  'feedback',
  'put_feedback',
  'putFeedback',
  ['comment'],
  recordOf(feedback),
);
const GET_FEEDBACK = operation(
  'feedback',
  'get_feedback',
  'getFeedback',
  [],
  optionalOf(feedback),
);
const LIST_FEEDBACK = operation(
  'feedback',
  'list_feedback',
  'listFeedback',
  ['messageId', 'limit', 'before'],
  listOf(feedback),
);
const DELETE_FEEDBACK = operation(
  'feedback',
  'delete_feedback',
  'deleteFeedback',
  [],
  identity<boolean>,
);
const GET_FEEDBACK_SUMMARY = operation(
  'feedback',
  'get_feedback_summary',
  'getFeedbackSummary',
  [],
  recordOf((raw: any): Readonly<Record<string, FeedbackSummary>> => mapValues(raw, feedbackSummary)),
);
const DELETE_OLD_FEEDBACK = operation(
  'feedback',
  'delete_old_feedback',
  'deleteOldFeedback',
  [],
  integer<number>,
);

/**
 * Stores users' ratings of responses, such as thumbs up and down.
 *
 * A user has at most one rating of a message. Ratings are deleted with their message.
 */
export class FeedbackManager extends OperationGroup {
  /**
   * Stores a user's rating of a message, and replaces an earlier one.
   *
   * @param messageId ID of the message.
   * @param user Author of the rating, as the application names users; at most 255 characters.
   * @param rating Rating from -10 to 10: usually 1 and -1 for thumbs up and down, or 1 to 5.
   * @param options Options: `comment` and `signal`.
   * @returns The stored rating.
   * @throws `CHATKEEP_INVALID_INPUT`: no message has this ID, or an argument is out of range.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  putFeedback(
    messageId: number | bigint,
    user: string,
    rating: number | bigint,
    options?: PutFeedbackOptions,
  ): Promise<Feedback> {
    return call(this, PUT_FEEDBACK, options, ({ comment }) => [messageId, user, rating, comment]);
  }

  /**
   * Returns a user's rating of a message.
   *
   * @param messageId ID of the message.
   * @param user The user.
   * @param options An abort signal.
   * @returns `null` if the user has not rated the message.
   * @throws `CHATKEEP_INVALID_INPUT`: `user` is empty or too long.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getFeedback(
    messageId: number | bigint,
    user: string,
    options?: Abortable,
  ): Promise<Feedback | null> {
    return call(this, GET_FEEDBACK, options, () => [messageId, user]);
  }

  /**
   * Returns ratings, newest first.
   *
   * @param options Options: `messageId`, `limit`, `before` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listFeedback(options?: ListFeedbackOptions): Promise<Feedback[]> {
    return call(this, LIST_FEEDBACK, options, ({ messageId, limit, before }) => [
      messageId,
      limit,
      before,
    ]);
  }

  /**
   * Deletes a user's rating of a message.
   *
   * @param messageId ID of the message.
   * @param user The user.
   * @param options An abort signal.
   * @returns `false` if the user has not rated the message.
   * @throws `CHATKEEP_INVALID_INPUT`: `user` is empty or too long.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteFeedback(messageId: number | bigint, user: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_FEEDBACK, options, () => [messageId, user]);
  }

  /**
   * Returns the number and the average of the ratings by model.
   *
   * @param options An abort signal.
   * @returns A summary for each model with ratings. Messages without a model count as `unknown`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getFeedbackSummary(options?: Abortable): Promise<Readonly<Record<string, FeedbackSummary>>> {
    return call(this, GET_FEEDBACK_SUMMARY, options, () => []);
  }

  /**
   * Deletes the ratings that were last changed more than a number of days ago, in batches.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted ratings.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some ratings may be deleted. Call it again.
   */
  deleteOldFeedback(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_FEEDBACK, options, () => [days]);
  }
}
