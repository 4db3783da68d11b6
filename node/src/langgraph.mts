// Not the same class as in CommonJS, unlike in the other modules: LangGraph's package has other
// classes there. Programs should not load both, and their messages would have different classes.
import * as framework from '@langchain/langgraph-checkpoint';
import { saverClass } from './langgraph/saver.js';

export type * from './langgraph/types.js';

/** Stores the checkpoints of LangGraph's graphs in a database of chatkeep. */
export class ChatkeepSaver extends saverClass(framework) {}
