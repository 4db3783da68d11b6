/** Rejections of invalid arguments. */

import assert from 'node:assert/strict';

/**
 * Asserts that calls are rejected with the name of the field.
 *
 * @param calls Pairs of a field and a function that gets the subject.
 */
export async function assertInvalid(subject, calls) {
  for (const [field, call] of calls) {
    await assert.rejects(
      async () => call(subject),
      (error) => {
        const found = [error.code, error.field, error.message.startsWith(`${field}: `)];
        assert.deepEqual(found, ['CHATKEEP_INVALID_INPUT', field, true], `${call}: ${error}`);
        assert.ok(error.operation, `${call}`);
        return true;
      },
    );
  }
}
