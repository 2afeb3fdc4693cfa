/**
 * What a run's numbers depend on beside what was declared. The same run gives the same weights, bit for bit, wherever all
 * of this is equal; `processorModel` alone makes no difference and is kept for people.
 */
export interface Environment {
  /** Such as `onnx-cpu-1`: how steps are computed, on what, with how many threads. */
  executor: string;
  /** The library that computes them, with its version, such as `onnxruntime 1.30.0`. */
  runtime: string;
  /** The instructions it may use, such as `x86-64-v4` or `arm64 asimddp`; elsewhere than on Linux the architecture alone. */
  processor: string;
  processorModel: string;
  /** Operating system and architecture, such as `linux-x64`. */
  platform: string;
  /** Version of Node.js, whose functions draw the random numbers. */
  node: string;
  /** Version of Perennial, which compiles the steps. */
  perennial: string;
}

/** One entry of two environments that is not the same. */
export interface EnvironmentDifference {
  name: string;
  expected: string;
  actual: string;
}

const decisive = ["executor", "runtime", "processor", "platform", "node", "perennial"] as const;

/** Where `actual` differs in what can decide about bits. */
export function environmentDifferences(expected: Environment, actual: Environment): EnvironmentDifference[] {
  return decisive
    .filter((name) => expected[name] !== actual[name])
    .map((name) => ({ name, expected: expected[name], actual: actual[name] }));
}

/** Such as `executor eager-cpu instead of onnx-cpu-1`. */
export function describeDifferences(differences: readonly EnvironmentDifference[]): string {
  return differences.map(({ name, expected, actual }) => `${name} ${actual} instead of ${expected}`).join(", ");
}
