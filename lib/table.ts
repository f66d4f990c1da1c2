/** The table of claims: which run has which pod, and what was told. */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { claimsTableKeys } from '../lambda/domain/settings.ts';
import { acknowledge } from './findings.ts';

/** On demand: a healthy cluster claims nothing. It holds a week, so it goes with the stack. */
export function claimsTable(scope: Construct, encryptionKey: IKey | undefined): Table {
  const table = new Table(scope, 'Claims', {
    partitionKey: { name: claimsTableKeys.partition, type: AttributeType.STRING },
    timeToLiveAttribute: claimsTableKeys.expiry,
    billingMode: BillingMode.PAY_PER_REQUEST,
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey && { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  });
  // Sparse: on a quiet day it is empty, and the sweep's query of it costs half a read unit.
  table.addGlobalSecondaryIndex({
    indexName: claimsTableKeys.openIndex,
    partitionKey: { name: claimsTableKeys.openIn, type: AttributeType.STRING },
    projectionType: ProjectionType.INCLUDE,
    nonKeyAttributes: [claimsTableKeys.openSince, claimsTableKeys.open],
  });
  acknowledge(table, {
    'AwsSolutions-DDB3': 'A lost claim costs one more look at a node and one more message.',
  });
  return table;
}
