/** One function of podthaw: its bundle, its role, its log, and the queue for what it failed at. */
import { fileURLToPath } from 'node:url';
import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  PolicyStatement,
  type PolicyStatementProps,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type IFunction,
  type Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { failuresQueue } from './failures.ts';
import { acknowledge } from './findings.ts';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** What the functions of one deployment share. */
export interface SharedProps {
  /** JSON for PODTHAW_SETTINGS. */
  readonly settings: string;
  /** Changes when what `settings` only refers to does: the document's content. */
  readonly fingerprint: string;
  readonly logRetention: RetentionDays;
  readonly encryptionKey: IKey | undefined;
}

export interface PodthawFunctionProps extends SharedProps {
  /** File in lambda/, without its ending. */
  readonly handler: string;
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  /** Whether its log outlives the stack: the record of what was done to nodes does. */
  readonly keepLogs: boolean;
}

export class PodthawFunction extends Construct {
  /** As the handler's file is named. */
  readonly name: string;
  readonly function: LambdaFunction;
  /** What callers invoke: code and settings change together, at once. */
  readonly alias: IFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** Events that the function failed at, and those that never reached it. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: PodthawFunctionProps) {
    super(scope, id);
    this.name = props.handler;
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: props.keepLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `podthaw: ${props.description}`,
    });
    this.logGroup.grantWrite(this.role);
    this.failures = failuresQueue(this, 'Failures');
    this.function = this.createFunction(props);
    this.alias = this.createAlias(props.fingerprint);
  }

  allow(statement: PolicyStatementProps): void {
    this.role.addToPolicy(new PolicyStatement(statement));
  }

  private createAlias(fingerprint: string): IFunction {
    // CDK names a version by a hash that sees `Ref: Document`, not the name behind it: without this,
    // the alias would keep the name of a document that a new script has replaced (aws-cdk#25997).
    this.function.invalidateVersionBasedOn(fingerprint);
    const alias = this.function.addAlias('live');
    // Each run decides from the present state and the schedule looks again: Lambda need not retry.
    alias.configureAsyncInvoke({ retryAttempts: 0, onFailure: new SqsDestination(this.failures) });
    // CDK's own Alias and IFunction disagree under exactOptionalPropertyTypes (`role`).
    return alias as IFunction;
  }

  private createFunction(props: PodthawFunctionProps): LambdaFunction {
    const entry = `${projectRoot}lambda/${props.handler}.ts`;
    const common = {
      functionName: `${Stack.of(this).stackName}-${props.handler}`,
      description: `podthaw: ${props.description}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
      role: this.role,
      logGroup: this.logGroup,
      environment: {
        PODTHAW_SETTINGS: props.settings,
        POWERTOOLS_SERVICE_NAME: 'podthaw',
        POWERTOOLS_METRICS_NAMESPACE: 'Podthaw',
      },
    };
    const created = new NodejsFunction(this, 'Function', {
      ...common,
      entry,
      projectRoot,
      ...bundle,
    });
    acknowledge(created, {
      'Serverless-LambdaDLQ': 'The alias has a failure destination, which carries the error too.',
      'Serverless-LambdaTracing': 'One hop; logs carry the run id, and SSM has its own history.',
    });
    return created;
  }
}

const bundle = {
  handler: 'handler',
  depsLockFilePath: `${projectRoot}package-lock.json`,
  bundling: {
    format: OutputFormat.ESM,
    mainFields: ['module', 'main'],
    target: 'node24',
    minify: true,
    keepNames: true,
    bundleAwsSDK: true,
    // CommonJS packages inside the bundle call require, which an ES module lacks.
    banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  },
};
