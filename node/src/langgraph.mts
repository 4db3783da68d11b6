// Not the same class as in CommonJS, unlike in the other modules: LangGraph's package has other
// classes there. Programs should not load both, and their messages would have different classes.
import {
  BaseCheckpointSaver,
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
} from '@langchain/langgraph-checkpoint';
import { saverClass } from './langgraph/saver.js';

export type * from './langgraph/types.js';

/** Stores the checkpoints of LangGraph's graphs in a database of chatkeep. */
export class ChatkeepSaver extends saverClass({
  BaseCheckpointSaver,
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
}) {}
