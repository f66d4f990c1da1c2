/** A pod as the Kubernetes API holds it. */

/** Only what podthaw and the table read has a type; any other field goes through as it is. */
export type Pod = {
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: object[];
    [other: string]: unknown;
  };
  spec?: {
    nodeName?: string;
    containers?: object[];
    nominatedNodeName?: string;
    [other: string]: unknown;
  };
  status?: {
    phase?: string;
    reason?: string;
    podIP?: string;
    containerStatuses?: ContainerStatus[];
    [other: string]: unknown;
  };
};

type ContainerStatus = {
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string }; terminated?: { reason?: string; exitCode?: number } };
  [other: string]: unknown;
};
