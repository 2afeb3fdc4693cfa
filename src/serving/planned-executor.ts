import type { TrainingPlan } from "../engine/programs/training-plan.js";
import type { OfferedDevice } from "../entities/device.js";
import type { TrainingSpec } from "../language/training/training.js";

/**
 * The executor that would compute a training on the devices that live workers offer now; `none` if the run would wait.
 *
 * @param plan its `executor` is the one for a CPU.
 */
export function plannedExecutor(
  { device, threads }: Pick<TrainingSpec, "device" | "threads">,
  plan: Pick<TrainingPlan, "executor">,
  devices: readonly OfferedDevice[],
): TrainingPlan["executor"] {
  const gpus = devices.filter(({ kind }) => kind === "GPU");
  const [gpu] = gpus;
  if (device === "GPU") {
    if (!gpu) return { name: "none", reason: "no live worker offers a GPU: the run would wait for one" };
    const names = [...new Set(gpus.map(({ name }) => name))].join(" or ");
    return { name: `onnx-${gpu.provider}-${threads}`, reason: `asks for a GPU; offered is ${names}` };
  }
  const roomy = devices.some(({ kind, slots }) => kind === "CPU" && slots >= threads);
  if (devices.length > 0 && !roomy) {
    if (device === "CPU" || !gpu)
      return { name: "none", reason: `no live worker has ${threads} CPU slots: the run would wait for one` };
    return { name: `onnx-${gpu.provider}-${threads}`, reason: `no CPU has ${threads} slots; ${gpu.name} is offered` };
  }
  if (device === "CPU" || !gpu) return plan.executor;
  const { name, reason } = plan.executor;
  return { name, reason: `${reason}; a GPU takes over where no CPU slot is free` };
}
