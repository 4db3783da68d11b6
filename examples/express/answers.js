/** Answers of a fake model. One function writes each answer as a stream, and any process reads it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ChatkeepError, conversationManager, streamManager } from 'chatkeep';

const MODEL = { provider: 'fake', model: 'words-1' };

/** The answers that are being written. */
const running = new Set();

/** Placeholder for the model: yields one word after another. */
async function* words(question) {
  const text = `You asked: ${question} I repeat it, because I am only an example.`;
  for (const word of text.split(/\s+/)) {
    await sleep(30);
    yield `${word} `;
  }
}

/** Stores a question and starts to answer it. Returns the id of its turn and of its stream. */
export async function start(conversationId, question) {
  const turnId = await conversationManager.beginTurn(conversationId, question, {
    ...MODEL,
    // Longer than any answer: text does not extend it.
    leaseSeconds: 3600,
  });
  await streamManager.createStream({ turnId, publicId: turnId, ...MODEL });
  const written = answer(turnId, question);
  running.add(written);
  written.finally(() => running.delete(written));
  return turnId;
}

/** Writes the answer to a question, until it is complete or cancelled. */
async function answer(turnId, question) {
  let status = 'completed';
  try {
    for await (const word of words(question)) {
      if (await streamManager.append(turnId, word)) {
        status = 'cancelled';
        break;
      }
    }
    // It also finishes the turn: the text becomes the message of the conversation.
    await streamManager.finishStream(turnId, { status });
  } catch (error) {
    // After their leases, `maintain` ends the turn and the stream as interrupted.
    warn('an answer was not stored', error);
  }
}

/** Yields an answer as server-sent events, from the chunk after the number `afterSeq`. */
export async function* events(streamId, afterSeq, signal) {
  for (;;) {
    const read = await streamManager.read(streamId, { afterSeq, waitSeconds: 15, signal });
    if (read === null) return;
    for (const { seq, text } of read.chunks) {
      afterSeq = seq;
      yield `id: ${seq}\ndata: ${JSON.stringify(text)}\n\n`;
    }
    if (read.done || read.pruned) {
      yield `event: end\ndata: ${JSON.stringify(read.status)}\n\n`;
      return;
    }
    // A comment, so that no proxy closes the connection.
    if (read.chunks.length === 0) yield ': wait\n\n';
  }
}

/** Ends the turns and streams of programs that were killed. */
export async function maintain() {
  try {
    await conversationManager.finishInterruptedTurns();
    await streamManager.interruptStaleStreams();
  } catch (error) {
    warn('no maintenance', error);
  }
}

/** Waits for the last answers. */
export async function finished() {
  await Promise.all(running);
}

function warn(text, error) {
  if (!(error instanceof ChatkeepError)) throw error;
  console.warn(`${text}: ${error.message}`);
}
