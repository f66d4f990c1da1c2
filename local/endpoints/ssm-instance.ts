/** A managed instance as Run Command sees it, and what it is told to do with a command. */
import type { ParameterValues, Placeholders } from './ssm-document.ts';

export type CannedOutput = { stdout: string; stderr?: string; exitCode?: number };

/** What a canned answer may depend on. */
type Given = { commandId: string; instanceId: string; parameters: ParameterValues };

export type Behaviour =
  /** Runs the document's script on this host. */
  | { kind: 'run' }
  /** Answers without running anything. */
  | { kind: 'canned'; output: CannedOutput | ((given: Given) => CannedOutput) }
  /** Never starts; ends with this as its StatusDetails. */
  | { kind: 'undeliverable' | 'accessDenied' | 'invalidPlatform' | 'terminated' }
  /** Starts, and somebody cancels the command while the script runs. */
  | { kind: 'cancelled' }
  /** Never starts; ends when SendCommand's TimeoutSeconds are over. */
  | { kind: 'deliveryTimedOut' }
  /** Starts, and is killed by its time limit. */
  | { kind: 'executionTimedOut' }
  /** Registered, but SendCommand refuses the whole call with InvalidInstanceId. */
  | { kind: 'notInValidState' };

export type ManagedInstance = {
  instanceId: string;
  /** Default `Online`. With `ConnectionLost` and no behaviour given: `deliveryTimedOut`. */
  pingStatus?: 'Online' | 'ConnectionLost' | 'Inactive';
  /** Default `Linux`. */
  platformType?: 'Linux' | 'Windows' | 'MacOS';
  /** Default 3.3.3572.0, which exports ENV_VAR parameters; before 3.3.2746.0 they are pasted. */
  agentVersion?: string;
  /** Default `kept`; see `handOver`. */
  placeholders?: Placeholders;
  behaviour?: Behaviour;
  /**
   * Time until the script starts, or until the behaviour's end; default 0. For `deliveryTimedOut`
   * it stands for TimeoutSeconds.
   */
  latencyMs?: number;
};

export const DEFAULT_AGENT = '3.3.3572.0';

export function behaviourOf(instance: ManagedInstance): Behaviour {
  const lost = instance.pingStatus !== undefined && instance.pingStatus !== 'Online';
  return instance.behaviour ?? (lost ? { kind: 'deliveryTimedOut' } : { kind: 'run' });
}
