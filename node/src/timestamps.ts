/** Timestamps. Databases store microseconds; a `Date` has milliseconds. */

/** A base class whose constructor returns an existing object, to which subclasses add fields. */
class ExistingObject {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: subclasses add fields to this object
    return object;
  }
}

/** Attaches the microseconds to a `Date` as a private field, invisible to callers. */
class PreciseDate extends ExistingObject {
  readonly #micros: number;

  constructor(date: Date, micros: number) {
    super(date);
    this.#micros = micros;
  }

  static microsOf(date: object): number | undefined {
    return #micros in date ? (date as PreciseDate).#micros : undefined;
  }
}

/**
 * Creates a `Date` that keeps its microseconds.
 *
 * @param milliseconds Milliseconds since 1970.
 * @param micros Microseconds within the millisecond, 0 to 999.
 */
export function preciseDate(milliseconds: number, micros: number): Date {
  return new PreciseDate(new Date(milliseconds), micros) as unknown as Date;
}

/** Converts a `Date` with microseconds to text for the addon. Other values are not changed. */
export function timestampArg(value: unknown): unknown {
  return (value instanceof Date && PreciseDate.microsOf(value) && preciseText(value)) || value;
}

/** Returns a date from `preciseDate` as ISO 8601 text with microseconds, otherwise `undefined`. */
export function preciseText(value: unknown): string | undefined {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined;
  const micros = PreciseDate.microsOf(value);
  if (micros === undefined) return undefined;
  return `${value.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}
