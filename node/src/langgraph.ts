/**
 * LangGraph integration: a checkpoint saver on every database of chatkeep.
 *
 * LangGraph is not a dependency of chatkeep. A program that imports this module needs its package
 * `@langchain/langgraph-checkpoint`, which `@langchain/langgraph` installs.
 *
 * @example
 * ```ts
 * import { Annotation, StateGraph } from '@langchain/langgraph';
 * import { ChatkeepSaver } from 'chatkeep/langgraph';
 *
 * const State = Annotation.Root({ number: Annotation<number> });
 * const saver = new ChatkeepSaver('sqlite:///:memory:');
 * const graph = new StateGraph(State)
 *   .addNode('double', (state) => ({ number: 2 * state.number }))
 *   .addEdge('__start__', 'double')
 *   .compile({ checkpointer: saver });
 * const config = { configurable: { thread_id: 'a' } };
 * await graph.invoke({ number: 21 }, config);
 * console.log((await graph.getState(config)).values); // { number: 42 }
 * await saver.close();
 * ```
 *
 * @module
 */

import * as framework from '@langchain/langgraph-checkpoint';
import { saverClass } from './langgraph/saver.js';

export type * from './langgraph/types.js';

/**
 * Stores the checkpoints of LangGraph's graphs in a database of chatkeep.
 *
 * It is made from a database URL, a store, or the environment. The saver closes a store that it
 * opened from a URL: use `await using`, or call `close`. Errors are those of chatkeep; `field`
 * names the value.
 *
 * Beyond LangGraph's interface it has `prune`, `copyThread` and `deleteForRuns`.
 *
 * @example
 * ```ts
 * import { ChatkeepSaver } from 'chatkeep/langgraph';
 *
 * const saver = ChatkeepSaver.fromConnString('sqlite:///:memory:');
 * for await (const { config } of saver.list({ configurable: { thread_id: 'a' } }, { limit: 10 })) {
 *   console.log(config.configurable.checkpoint_id);
 * }
 * await saver.end();
 * ```
 */
export class ChatkeepSaver extends saverClass(framework) {}
