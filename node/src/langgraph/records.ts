/**
 * Conversion between LangGraph's checkpoints and the stored records.
 *
 * The saver's serializer encodes and decodes every value. Nothing else is done to stored bytes.
 */

import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  CheckpointPendingWrite,
  PendingWrite,
  SerializerProtocol,
} from '@langchain/langgraph-checkpoint' with { 'resolution-mode': 'import' };
import { invalidInput } from '../errors.js';
import type {
  GraphChannel,
  GraphCheckpoint,
  NewChannel,
  NewCheckpoint,
  NewGraphWrite,
} from '../generated/types.js';
import type { Context } from './framework.js';
import type { ThreadTarget } from './target.js';
import type { SaverConfig } from './types.js';

/** Limit of the texts that are stored in columns, in UTF-16 code units. */
const MAX_TEXT = 255;

/**
 * Returns the record of a checkpoint to store.
 *
 * All values are serialized before the function returns its promise, so later changes by the caller
 * have no effect.
 */
export async function newCheckpoint(
  serde: SerializerProtocol,
  target: ThreadTarget,
  config: SaverConfig,
  checkpoint: Checkpoint,
  metadata: CheckpointMetadata,
  newVersions: ChannelVersions,
): Promise<NewCheckpoint> {
  const { channel_values, ...rest } = checkpoint;
  if (typeof rest.id !== 'string' || rest.id === '') {
    throw invalidInput('put', 'checkpoint.id', 'must be given');
  }
  const values: Readonly<Record<string, unknown>> = channel_values ?? {};
  const versions = rest.channel_versions ?? {};
  // LangGraph gives every channel a version. Values without one, of other callers, are part of the
  // checkpoint.
  const others = Object.entries(values).filter(([name]) => !Object.hasOwn(versions, name));
  const stored =
    others.length === 0 ? rest : { ...rest, channel_values: Object.fromEntries(others) };
  // A copy of a checkpoint has versions that its parent does not have. Because versions are
  // integers, another branch may have them with other values.
  const isCopy = metadata?.source === 'fork';
  const channels = Object.entries(versions).map(([name, version]) => {
    const changed = isCopy || Object.hasOwn(newVersions ?? versions, name);
    return newChannel(serde, name, version, changed, values);
  });
  const [[format, data], [metadataFormat, metadataData], ...stores] = await Promise.all([
    dumped(serde, stored),
    dumped(serde, metadata ?? {}),
    ...channels,
  ]);
  const counters = metadata?.counters_since_delta_snapshot;
  return {
    id: rest.id,
    namespace: target.namespace,
    parentId: target.checkpointId,
    format,
    data,
    metadataFormat,
    metadata: metadataData,
    source: column(metadata?.source),
    step: Number.isSafeInteger(metadata?.step) ? metadata.step : undefined,
    runId: runId(metadata, config.metadata, config.configurable),
    deltaChannels:
      typeof counters === 'object' && counters !== null ? Object.keys(counters) : undefined,
    channels: stores,
  };
}

async function newChannel(
  serde: SerializerProtocol,
  channel: string,
  version: unknown,
  changed: boolean,
  values: Readonly<Record<string, unknown>>,
): Promise<NewChannel> {
  const record = { channel, version: JSON.stringify(version), changed };
  if (!changed || !Object.hasOwn(values, channel)) return record;
  const [format, data] = await dumped(serde, values[channel]);
  return { ...record, format, data };
}

/** Returns a text that fits a column. The serialized metadata has every value. */
function column(value: unknown): string | undefined {
  const isStored =
    typeof value === 'string' &&
    value.length <= MAX_TEXT &&
    !value.includes('\0') &&
    !/\p{Surrogate}/u.test(value);
  return isStored ? value : undefined;
}

/** Returns the run that the first of the records names. */
function runId(
  ...records: readonly (Readonly<Record<string, unknown>> | undefined)[]
): string | undefined {
  for (const record of records) {
    const { run_id: value } = record ?? {};
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  }
  return undefined;
}

/** Returns the records of a task's writes. Of two with the same index, the last one is stored. */
export async function newWrites(
  { framework, serde }: Context,
  writes: readonly PendingWrite[],
): Promise<NewGraphWrite[]> {
  const indexes = framework.WRITES_IDX_MAP;
  const records = await Promise.all(
    writes.map(async ([channel, value], position): Promise<NewGraphWrite> => {
      const index = Object.hasOwn(indexes, channel) ? (indexes[channel] as number) : position;
      const [format, data] = await dumped(serde, value);
      return { index, channel, format, data };
    }),
  );
  return [...new Map(records.map((record) => [record.index, record])).values()];
}

/** Returns LangGraph's checkpoint, with the values of its channels. */
export async function loadedCheckpoint(
  serde: SerializerProtocol,
  record: GraphCheckpoint,
): Promise<Checkpoint> {
  const values = record.channels.filter(hasValue).map(async (channel) => {
    return [channel.channel, await loaded(serde, channel)] as const;
  });
  const [checkpoint, ...entries] = await Promise.all([
    loaded(serde, record) as Promise<Checkpoint>,
    ...values,
  ]);
  const others = Object.entries(checkpoint.channel_values ?? {});
  return { ...checkpoint, channel_values: Object.fromEntries([...others, ...entries]) };
}

/** Returns the metadata of a checkpoint. */
export async function loadedMetadata(
  serde: SerializerProtocol,
  record: GraphCheckpoint,
): Promise<CheckpointMetadata> {
  const { metadataFormat: format, metadata: data } = record;
  return (await loaded(serde, { format, data })) as CheckpointMetadata;
}

/** Returns the writes of a checkpoint to some or all channels, in LangGraph's order. */
export function loadedWrites(
  serde: SerializerProtocol,
  record: GraphCheckpoint,
  channels?: ReadonlySet<string>,
): Promise<CheckpointPendingWrite[]> {
  const selected = record.writes.filter(({ channel }) => channels?.has(channel) ?? true);
  return Promise.all(
    selected.map(async (write): Promise<CheckpointPendingWrite> => {
      return [write.taskId, write.channel, await loaded(serde, write)];
    }),
  );
}

/** Returns whether a channel has a value. */
export function hasValue(channel: GraphChannel): channel is GraphChannel & Serialized {
  return channel.format !== null && channel.data !== null;
}

/** Serializes a value. LangGraph's serializer returns bytes themselves, so they are copied. */
function dumped(serde: SerializerProtocol, value: unknown): Promise<[string, Uint8Array]> {
  const isBytes = value instanceof Uint8Array;
  return serde.dumpsTyped(isBytes ? Uint8Array.prototype.slice.call(value) : value);
}

/** A serialized value. */
export interface Serialized {
  readonly format: string;
  readonly data: Buffer;
}

/** Returns a value. Bytes are a copy: a small `Buffer` is a part of a larger one. */
export function loaded(serde: SerializerProtocol, { format, data }: Serialized): Promise<unknown> {
  return serde.loadsTyped(format, new Uint8Array(data));
}
