/** Settings of a store. Made from the descriptions in crates/ by `make generate`. */

/** The names, in the order in which the addon takes the values. */
export const SETTINGS = [
  'poolSize',
  'maxOverflow',
  'poolTimeout',
  'poolRecycle',
  'poolPrePing',
  'connectTimeout',
  'queryTimeout',
  'maxRetries',
  'retryDelay',
  'autoMigrate',
  'writers',
  'tokenCache',
  'streamFlush',
  'streamBuffer',
  'keys',
] as const;
