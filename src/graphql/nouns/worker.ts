import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Run } from "../../entities/run.js";
import { Worker } from "../../entities/worker.js";
import { liveWorkers, runsInExecution } from "../../scheduler/workers.js";
import type { Context } from "../context/context.js";
import { DeviceObject } from "../payloads/device.js";

@Resolver(() => Worker)
class WorkerFields {
  @Cost({ length: 4 })
  @FieldResolver(() => [DeviceObject], { description: "The devices that the worker found when it started." })
  devices(@Root() worker: Worker): DeviceObject[] {
    return worker.devices.map((device, index) => new DeviceObject(device, worker.id, index));
  }

  @Cost({ length: 10 })
  @FieldResolver(() => [Run], {
    description: "The runs that it executes now, ordered by the start of their first attempt.",
  })
  runs(@Root() worker: Worker, @Ctx() { loaders }: Context): Promise<Run[]> {
    return loaders
      .batched<string, Run[]>("runs in execution by worker", async (workerIds) => {
        const runs = await runsInExecution(loaders.db, workerIds);
        return workerIds.map((id) => runs.get(id) ?? []);
      })
      .load(worker.id);
  }

  @Cost({ length: 20, statement: true })
  @Query(() => [Worker], { description: "The live workers (last heartbeat at most 15 seconds ago), oldest first." })
  workers(@Ctx() { platform }: Context): Promise<Worker[]> {
    return liveWorkers(platform.db);
  }
}

/** Processes that execute runs. */
export const workerResolvers = [WorkerFields];
