import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { In } from "typeorm";
import { Cost } from "../../entities/field-cost.js";
import { Run } from "../../entities/run.js";
import { Worker } from "../../entities/worker.js";
import { groupBy } from "../../lists/loaders.js";
import type { Context } from "../context.js";
import { DeviceObject } from "../worker-types.js";

@Resolver(() => Worker)
export class WorkerFields {
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
        const runs = await loaders.db.manager.find(Run, {
          where: { workerId: In([...workerIds]), state: In(["RUNNING", "CANCELING"]) },
          order: { startedAt: "ASC", id: "ASC" },
        });
        const groups = groupBy(runs, (run) => run.workerId ?? "");
        return workerIds.map((id) => groups.get(id) ?? []);
      })
      .load(worker.id);
  }
}
