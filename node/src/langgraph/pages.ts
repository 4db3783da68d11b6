/** Pages of checkpoints, newest first. */

import type { GraphManager } from '../generated/graph.js';
import type { GraphCheckpoint } from '../generated/types.js';

/** Checkpoints per query of a walk and a list. A page of large ones has fewer. */
export const PAGE = 50;

/** Selects checkpoints. Without a value, all are selected. */
interface Selection {
  readonly thread?: string | undefined;
  readonly namespace?: string | undefined;
  readonly checkpointId?: string | undefined;
}

/**
 * The position in a list of checkpoints, newest first. Between two pages it holds no connection.
 *
 * A page of large checkpoints has fewer than requested. Only an empty one is the end.
 */
export class Pages {
  readonly #graph: GraphManager;
  readonly #selection: Selection;
  #before: string | undefined;
  #after: number | undefined;

  constructor(graph: GraphManager, selection: Selection, before?: string) {
    this.#graph = graph;
    this.#selection = selection;
    this.#before = before;
  }

  /** Returns the next page. */
  async next(limit = PAGE): Promise<GraphCheckpoint[]> {
    const [before, after] = [this.#before, this.#after];
    const page = await this.#graph.listCheckpoints({ ...this.#selection, before, after, limit });
    const last = page.at(-1);
    if (last !== undefined) [this.#before, this.#after] = [last.id, last.position];
    return page;
  }
}
