import { defineConfig } from 'vitest/config';

// Real cgroups, real processes: a test may wait for settle and wait windows.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
