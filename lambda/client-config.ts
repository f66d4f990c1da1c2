/** What every AWS client is told. Imports none of them: bundles stay small. */

/**
 * Eight attempts outlast a throttling of seconds. Without time limits a packet that nobody answers
 * (a VPC with no way out) holds a function up until it is killed. Milliseconds.
 */
export const clientConfig = {
  maxAttempts: 8,
  requestHandler: {
    connectionTimeout: 5_000,
    requestTimeout: 20_000,
    throwOnRequestTimeout: true,
  },
};
