/** Moments. Databases keep microseconds, and a `Date` milliseconds. */

/** Whatever is built on it is built on an object that was there before. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return object;
  }
}

/** Keeps the microseconds that a `Date` has no room for with it, unseen: they go where the `Date` goes. */
class Moment extends Given {
  readonly #micros: number;

  constructor(date: Date, micros: number) {
    super(date);
    this.#micros = micros;
  }

  static microsOf(date: object): number | undefined {
    return #micros in date ? (date as Moment).#micros : undefined;
  }
}

/** The `Date` of so many milliseconds, and so many microseconds after that. */
export function momentOf(milliseconds: number, micros: number): Date {
  return new Moment(new Date(milliseconds), micros) as unknown as Date;
}

/** The `Date` of so many milliseconds, if there are any. */
export function dateOf(milliseconds: number | null): Date | null {
  return milliseconds === null ? null : new Date(milliseconds);
}

/** A moment as the addon takes it: a `Date` that knows its microseconds as a text, and all else as it is. */
export function given(value: unknown): unknown {
  return (value instanceof Date && Moment.microsOf(value) && wholeText(value)) || value;
}

/** The moment with its microseconds; nothing for what is no `Date` of chatkeep's. */
export function wholeText(value: unknown): string | undefined {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined;
  const micros = Moment.microsOf(value);
  if (micros === undefined) return undefined;
  return `${value.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}
