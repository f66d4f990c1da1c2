/** DynamoDB on loopback: dynalite in this process, behind a front that counts calls and makes faults. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { Pool } from 'undici';
import * as z from 'zod';
import { json } from './aws-json.ts';
import { bind, closeServer, type Endpoint, listen, type Reply, type Request } from './server.ts';

export type DynamoDbEndpoint = Endpoint & {
  /** Makes a table; it can be used as soon as this resolves. */
  createTable: (name: string, schema: TableSchema) => Promise<void>;
};

/** A partition key alone, or the properties of a synthesized AWS::DynamoDB::Table. */
type TableSchema = { partitionKey: string } | { cloudFormation: unknown };

export async function startDynamoDb(): Promise<DynamoDbEndpoint> {
  const database = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const pool = new Pool(await bind(database, 'http'), { connections: 50 });
  const endpoint = await listen({
    operationOf: (request) => String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? '',
    answer: (_, request) => forward(pool, request),
    refuse: (error) =>
      json(
        error.status,
        { __type: `com.amazonaws.dynamodb.v20120810#${error.code}`, message: error.message },
        { 'content-type': 'application/x-amz-json-1.0', ...error.headers },
      ),
  });
  const close = async () => {
    await endpoint.close();
    await pool.destroy();
    await closeServer(database);
  };
  const createTable: DynamoDbEndpoint['createTable'] = (name, schema) =>
    create(endpoint.url, { TableName: name, ...keysOf(schema), BillingMode: 'PAY_PER_REQUEST' });
  return { ...endpoint, close, createTable };
}

/** dynalite throws out of its process when a caller breaks off, so no caller reaches it directly. */
async function forward(pool: Pool, request: Request): Promise<Reply> {
  const { 'x-amz-target': target = '', 'content-type': type = '' } = request.headers;
  const { authorization = '', 'x-amz-date': date = '' } = request.headers;
  const answer = await pool.request({
    method: 'POST',
    path: '/',
    headers: {
      'x-amz-target': target,
      'content-type': type,
      authorization,
      'x-amz-date': date,
    },
    body: request.body,
  });
  return {
    status: answer.statusCode,
    headers: {
      'content-type': String(answer.headers['content-type']),
      'x-amzn-requestid': String(answer.headers['x-amzn-requestid']),
      'x-amz-crc32': String(answer.headers['x-amz-crc32']),
    },
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}

/** What of a table's properties decides how items are found. */
const keySchema = z.array(
  z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }),
);

const indexSchema = z.object({
  IndexName: z.string(),
  KeySchema: keySchema,
  Projection: z.object({
    ProjectionType: z.enum(['ALL', 'INCLUDE', 'KEYS_ONLY']),
    NonKeyAttributes: z.array(z.string()).optional(),
  }),
});

const cloudFormationSchema = z.object({
  KeySchema: keySchema,
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  GlobalSecondaryIndexes: z.array(indexSchema).optional(),
});

function keysOf(schema: TableSchema) {
  if ('cloudFormation' in schema) return cloudFormationSchema.parse(schema.cloudFormation);
  const { partitionKey } = schema;
  return cloudFormationSchema.parse({
    KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: partitionKey, AttributeType: 'S' }],
  });
}

async function create(endpoint: string, input: CreateTableCommandInput): Promise<void> {
  const credentials = { accessKeyId: 'AKIDLOOPBACK', secretAccessKey: 'unchecked' };
  const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials });
  try {
    await client.send(new CreateTableCommand(input));
  } finally {
    client.destroy();
  }
}
