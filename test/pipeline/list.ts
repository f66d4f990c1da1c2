/** A process of its own that lists a cluster's pods as the detector does, and says what that took. */
import { EKSClient } from '@aws-sdk/client-eks';
import { describeCluster, makeToken } from '../../lambda/adapters/eks.ts';
import { connect } from '../../lambda/adapters/kubernetes.ts';
import { readSettings } from '../../lambda/deployed-settings.ts';

const [cluster = { name: '' }] = readSettings(process.env).clusters;
const endpoint = await describeCluster(new EKSClient({}), cluster.name);
const api = connect(endpoint, () => makeToken(process.env.AWS_REGION ?? '', cluster.name));
const { pods } = await api.listTerminating();
await api.close();
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ terminating: pods.length, maxRssMb: Math.round(maxRSS / 1024) }));
