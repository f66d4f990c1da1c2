/** One function of podthaw: its bundle, its role, its log, and the queue for what it failed at. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));

export interface PodthawFunctionProps {
  /** File in lambda/, without its ending. */
  readonly handler: string;
  readonly description: string;
  readonly memorySize: number;
  readonly timeout: Duration;
  /** JSON for PODTHAW_SETTINGS. */
  readonly settings: string;
  readonly logRetention: RetentionDays;
}

export class PodthawFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: PodthawFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `podthaw: ${props.description}`,
    });
    this.logGroup.grantWrite(this.role);
    this.failures = new Queue(this, 'Failures', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.function = this.createFunction(props);
    // Each run decides from the present state: the schedule retries, Lambda need not.
    this.function.configureAsyncInvoke({
      retryAttempts: 0,
      onFailure: new SqsDestination(this.failures),
    });
  }

  /** The alias that callers from outside use: it outlives a version. */
  live(): IFunction {
    // CDK's own Alias and IFunction disagree under exactOptionalPropertyTypes (`role`).
    return this.function.addAlias('live') as IFunction;
  }

  allow(statement: { actions: string[]; resources: string[]; conditions?: object }): void {
    this.role.addToPolicy(new PolicyStatement(statement));
  }

  private createFunction(props: PodthawFunctionProps): LambdaFunction {
    const entry = `${projectRoot}lambda/${props.handler}.ts`;
    const common = {
      functionName: `${Stack.of(this).stackName}-${props.handler}`,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: props.timeout,
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: {
        PODTHAW_SETTINGS: props.settings,
        POWERTOOLS_SERVICE_NAME: 'podthaw',
        POWERTOOLS_METRICS_NAMESPACE: 'Podthaw',
      },
    };
    if (!existsSync(entry)) {
      const code = Code.fromInline('exports.handler = () => { throw new Error("not built"); };');
      return new LambdaFunction(this, 'Function', { ...common, code, handler: 'index.handler' });
    }
    return new NodejsFunction(this, 'Function', {
      ...common,
      entry,
      handler: 'handler',
      projectRoot,
      depsLockFilePath: `${projectRoot}package-lock.json`,
      bundling: {
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'],
        target: 'node24',
        minify: true,
        keepNames: true,
        bundleAwsSDK: true,
        // CommonJS packages inside the SDK call require, which an ES module lacks.
        banner:
          "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
      },
    });
  }
}
