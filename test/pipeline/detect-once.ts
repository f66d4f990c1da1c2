/** A process of its own that runs the detector once, as its environment says; its output is CloudWatch's. */
import { randomUUID } from 'node:crypto';
import { handler } from '../../lambda/detect.ts';
import { lambdaContext } from '../../local/lambda-context.ts';

await handler({}, lambdaContext(randomUUID(), Number(process.argv[2] ?? 120_000)));
