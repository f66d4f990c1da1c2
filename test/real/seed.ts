/** The seed of a generated test: printed, so that a failure can be had again. */
import { randomInt } from 'node:crypto';

/** PODTHAW_TEST_SEED sets it. */
export function seedOf(title: string): number {
  const seed = Number(process.env.PODTHAW_TEST_SEED ?? randomInt(2 ** 31));
  console.info(`${title}: PODTHAW_TEST_SEED=${seed}`);
  return seed;
}
