export interface Delays {
  kind: "training step" | "evaluation";
  /** Of that graph, from which on it is late. */
  call: number;
  /** Milliseconds, at each of those calls. */
  ms: number;
  /** How many calls are late: every trainer counts on from what the last one left. */
  count: number;
  /** Milliseconds at every other call, of whichever graph; nothing is counted down then. */
  each?: number;
}
export function readDelays(dataDirectory: string): Delays;
/** Replaces the file as a whole: a test writes it while a trainer reads it, and half a plan would be that trainer's fault. */
export function writeDelays(dataDirectory: string, delays: Delays): void;
