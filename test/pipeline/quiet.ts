/** Imported before any handler: their logs and metrics go to stdout, where the tests' results stand. */
process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
