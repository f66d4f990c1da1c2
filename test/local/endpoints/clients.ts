/** What the contract tests tell every AWS client: static credentials, one region, no retries. */
export const credentials = {
  accessKeyId: 'AKIDLOOPBACK',
  secretAccessKey: 'a-secret-of-the-tests',
};

export function clientOptions({ url }: { url: string }) {
  return { endpoint: url, region: 'eu-central-1', credentials, maxAttempts: 1 };
}
