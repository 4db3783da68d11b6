/** The parts of LangGraph that the saver uses. */

import type { ChannelVersions, SerializerProtocol } from '@langchain/langgraph-checkpoint' with {
  'resolution-mode': 'import',
};
import type { GraphManager } from '../generated/graph.js';
import type { SaverBase } from './types.js';

/** LangGraph's package: its ES module in ES modules, and its CommonJS module in others. */
export interface Framework {
  readonly BaseCheckpointSaver: abstract new (serde?: SerializerProtocol) => SaverBase;
  readonly maxChannelVersion: (...versions: Version[]) => Version;
  /** The channel of pending sends. */
  readonly TASKS: string;
  /** Channels of which a task has one write, with its index, which is negative. */
  readonly WRITES_IDX_MAP: Readonly<Record<string, number>>;
}

/** Version of a channel. */
export type Version = ChannelVersions[string];

/** The objects that an operation of the saver needs. */
export interface Context {
  readonly framework: Framework;
  readonly graph: GraphManager;
  readonly serde: SerializerProtocol;
}
