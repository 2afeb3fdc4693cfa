import { Ctx, Field, Int, ObjectType } from "type-graphql";
import { type DeviceKind, DeviceKindEnum, type OfferedDevice } from "../../entities/device.js";
import { Int64Scalar } from "../../entities/scalars.js";
import type { Hold } from "../../scheduler/capacity.js";
import { holdsOf } from "../../scheduler/queue.js";
import type { Context } from "../context/context.js";

@ObjectType("Device", { description: "A device that a worker offers." })
export class DeviceObject {
  readonly #workerId: string;
  readonly #index: number;

  /** @param index its place among the worker's devices. */
  constructor(device: OfferedDevice, workerId: string, index: number) {
    const { kind, name, memoryBytes, slots } = device;
    Object.assign(this, { kind, name, memoryBytes, slots });
    this.#workerId = workerId;
    this.#index = index;
  }

  @Field(() => DeviceKindEnum, { description: "Kind of the device." })
  kind!: DeviceKind;

  @Field({ description: "Name of the device as reported by its host." })
  name!: string;

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Memory in bytes; for a CPU, what the worker may use, which a container may limit. Null when the host does not report it.",
  })
  memoryBytes!: number | null;

  @Field(() => Int, {
    description: "CPU: number of threads for runs. GPU: 1, because a run takes the whole device.",
  })
  slots!: number;

  @Field(() => Int, { description: "Slots that runs occupy now." })
  async busySlots(@Ctx() { loaders }: Context): Promise<number> {
    const holds = await loaders
      .batched<string, Hold[]>("slots held by worker", async (workerIds) => {
        const held = await holdsOf(loaders.db, workerIds);
        return workerIds.map((id) => held.get(id) ?? []);
      })
      .load(this.#workerId);
    return holds.filter(({ index }) => index === this.#index).reduce((sum, { slots }) => sum + slots, 0);
  }
}
