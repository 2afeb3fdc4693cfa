import type { TrainingPlan } from "../engine/programs/training-plan.js";
import type { OfferedDevice } from "../entities/device.js";
import type { Problem } from "../language/fields/problem.js";
import { memoryProblem } from "../language/training/memory.js";
import type { TrainingSpec } from "../language/training/training.js";

/** The problem of a training that needs more memory than any device of the requested kind has. None if a device does not report its memory. */
export function plannedMemoryProblem(
  { device }: Pick<TrainingSpec, "device">,
  {
    memoryBytes,
    peakMemoryBytes,
    heaviestPath,
  }: Pick<TrainingPlan, "memoryBytes" | "peakMemoryBytes" | "heaviestPath">,
  devices: readonly OfferedDevice[],
): Problem | undefined {
  // A GPU's own memory holds steps alone.
  const bytes = device === "GPU" ? memoryBytes : peakMemoryBytes;
  if (bytes === null || heaviestPath === null) return undefined;
  const fitting = devices.filter(({ kind }) => device === "ANY" || kind === device).map((each) => each.memoryBytes);
  const told = fitting.filter((offered) => offered !== null);
  const most = told.length > 0 && told.length === fitting.length ? Math.max(...told) : null;
  return memoryProblem({ bytes, path: heaviestPath }, most);
}
