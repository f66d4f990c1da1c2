/** EC2 on loopback: DescribeInstances with filters and pages, as XML. */
import { awsQuery, type Dialect, element, listOf } from './aws-query.ts';
import { type Endpoint, listen, ServiceError } from './server.ts';

export type Ec2Instance = {
  instanceId: string;
  privateDnsName: string;
  /** Default `running`. */
  state?: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  tags?: Record<string, string>;
  platform?: 'windows';
  /** Set on what a service manages for its user, such as EKS Auto Mode: its principal. */
  managedBy?: string;
};

export type Ec2Endpoint = Endpoint & { instances: Map<string, Ec2Instance> };

type Filter = { name: string; values: string[] };

export async function startEc2(instances: Iterable<Ec2Instance> = []): Promise<Ec2Endpoint> {
  const store = new Map<string, Ec2Instance>();
  for (const instance of instances) store.set(instance.instanceId, instance);
  const endpoint = await listen(
    awsQuery(dialect, { DescribeInstances: (form) => describeInstances(store, form) }),
  );
  return { ...endpoint, instances: store };
}

const dialect: Dialect = {
  result: (operation, requestId, inner) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<${operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${element('requestId', requestId)}${inner}</${operation}Response>`,
  error: (error, requestId) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>${element('Code', error.code)}${element('Message', error.message)}</Error></Errors>${element('RequestID', requestId)}</Response>`,
};

function describeInstances(store: Map<string, Ec2Instance>, form: URLSearchParams): string {
  const ids = listOf(form, 'InstanceId');
  const filters = filtersOf(form);
  checkLimits(store, form, ids, filters);
  const found = [...store.values()].filter(
    (instance) =>
      (ids.length === 0 || ids.includes(instance.instanceId)) &&
      filters.every((filter) => matches(instance, filter)),
  );
  const start = startOf(form.get('NextToken'));
  const size = Number(form.get('MaxResults') ?? 1000);
  const next = start + size < found.length ? element('nextToken', tokenOf(start + size)) : '';
  return `<reservationSet>${found
    .slice(start, start + size)
    .map(reservation)
    .join('')}</reservationSet>${next}`;
}

/** The documented limits: 200 filter values a request, 5 to 1,000 results, no pages by id. */
function checkLimits(
  store: Map<string, Ec2Instance>,
  form: URLSearchParams,
  ids: string[],
  filters: Filter[],
): void {
  const unknown = ids.find((id) => !store.has(id));
  if (unknown !== undefined) {
    throw new ServiceError(
      'InvalidInstanceID.NotFound',
      `The instance ID '${unknown}' does not exist`,
    );
  }
  const values = filters.reduce((sum, filter) => sum + filter.values.length, 0);
  if (values > 200) {
    throw new ServiceError(
      'FilterLimitExceeded',
      'The maximum number of filter values specified on a single call is 200',
    );
  }
  const size = form.get('MaxResults');
  if (size === null) return;
  if (ids.length > 0) {
    throw new ServiceError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  if (!(Number(size) >= 5 && Number(size) <= 1000)) {
    throw new ServiceError(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  }
}

function filtersOf(form: URLSearchParams): Filter[] {
  const filters: Filter[] = [];
  for (let index = 1; ; index += 1) {
    const name = form.get(`Filter.${index}.Name`);
    if (name === null) return filters;
    filters.push({ name, values: listOf(form, `Filter.${index}.Value`) });
  }
}

function matches(instance: Ec2Instance, { name, values }: Filter): boolean {
  const actual = valuesFor(instance, name);
  return values.some((wanted) => actual.some((value) => wildcard(wanted).test(value)));
}

function valuesFor(instance: Ec2Instance, filter: string): string[] {
  const tags = instance.tags ?? {};
  if (filter === 'instance-id') return [instance.instanceId];
  if (filter === 'private-dns-name') return [instance.privateDnsName];
  if (filter === 'instance-state-name') return [instance.state ?? 'running'];
  if (filter === 'tag-key') return Object.keys(tags);
  if (filter.startsWith('tag:')) return [tags[filter.slice(4)]].filter((tag) => tag !== undefined);
  throw new ServiceError('InvalidParameterValue', `The filter '${filter}' is invalid`);
}

/** EC2 filters know `*` and `?`; all else is literal and case-sensitive. */
function wildcard(value: string): RegExp {
  const literal = value.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}

const tokenOf = (start: number) => Buffer.from(`start:${start}`).toString('base64url');

function startOf(token: string | null): number {
  if (token === null) return 0;
  const match = /^start:(\d+)$/.exec(Buffer.from(token, 'base64url').toString());
  if (match) return Number(match[1]);
  throw new ServiceError('InvalidNextToken', 'The token is invalid');
}

const stateCodes = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
} as const;

function reservation(instance: Ec2Instance): string {
  const state = instance.state ?? 'running';
  const tags = Object.entries(instance.tags ?? {}).map(
    ([key, value]) => `<item>${element('key', key)}${element('value', value)}</item>`,
  );
  return [
    '<item>',
    element('reservationId', `r-${instance.instanceId.slice(2)}`),
    element('ownerId', '111122223333'),
    '<instancesSet><item>',
    element('instanceId', instance.instanceId),
    `<instanceState><code>${stateCodes[state]}</code>${element('name', state)}</instanceState>`,
    element('privateDnsName', instance.privateDnsName),
    instance.platform ? element('platform', instance.platform) : '',
    `<operator>${operator(instance.managedBy)}</operator>`,
    `<tagSet>${tags.join('')}</tagSet>`,
    '</item></instancesSet></item>',
  ].join('');
}

function operator(principal: string | undefined): string {
  if (principal === undefined) return element('managed', 'false');
  return element('managed', 'true') + element('principal', principal);
}
