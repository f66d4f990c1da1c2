/** A process of its own that runs the detector once, as its environment says; its output is CloudWatch's. */
import { randomUUID } from 'node:crypto';
import { handler } from '../../lambda/detect.ts';
import { lambdaContext } from '../../local/lambda-context.ts';

const timeoutMs = Number(process.argv[2] ?? 120_000);
// As Lambda ends a function whose time is up.
setTimeout(() => process.exit(124), timeoutMs).unref();
await handler({}, lambdaContext(randomUUID(), timeoutMs));
