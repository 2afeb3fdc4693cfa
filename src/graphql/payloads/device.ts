import { Ctx, Field, Int, ObjectType } from "type-graphql";
import { type DeviceKind, DeviceKindEnum, type OfferedDevice } from "../../entities/device.js";
import { Int64Scalar } from "../../entities/scalars.js";
import type { Hold } from "../../scheduler/capacity.js";
import { holdsOf } from "../../scheduler/queue.js";
import type { Context } from "../context/context.js";

@ObjectType("Device", { description: "What a worker's host has to compute on." })
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

  @Field(() => DeviceKindEnum, { description: "CPU or GPU." })
  kind!: DeviceKind;

  @Field({ description: "As its host calls it." })
  name!: string;

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Its memory in bytes; of a CPU what the worker may use, which a container can limit. Null where the host does not tell.",
  })
  memoryBytes!: number | null;

  @Field(() => Int, {
    description: "Of a CPU: threads of runs that it computes at once. Of a GPU: 1, since a run takes it whole.",
  })
  slots!: number;

  @Field(() => Int, { description: "Slots that runs hold now." })
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
