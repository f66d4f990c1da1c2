/** A stuck pod for the story: something to thaw, and a way to see whether it was. */

export interface StuckPod {
  uid: string;
  /** Its process, whose death is what the story is about. */
  pid: number;
  /** The cgroup's path below the hierarchy's root, for the eye. */
  path: string;
  /** What was tried in vain before podthaw came, for the eye. */
  tried: string;
  /** Environment for freezer.sh. */
  environment: Record<string, string>;
  /** The effective state, as the kernel's file says it. */
  state(): Promise<string>;
  /** The process's state letter and its pending signals; undefined once it is gone. */
  processState(): Promise<string | undefined>;
  gone(): Promise<boolean>;
  /** Takes everything down again, thawed or not. May be called twice. */
  remove(): Promise<void>;
}
