import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import type { OfferedDevice } from "../../src/entities/device.js";
import { Run } from "../../src/entities/run.js";
import type { DeviceRequest } from "../../src/language/training/training.js";
import type { Hold } from "../../src/scheduler/capacity.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { cpu, gpu } from "../support/workbench.js";
import { clear, queue, seedDeclarations } from "./runs.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await seedDeclarations(database.db);
});
beforeEach(() => clear(database.db));
afterAll(() => database?.close());

const claim = (devices: OfferedDevice[], holds: Hold[] = [], id = "worker_1") =>
  claimRuns(database.db, { id, devices, holds });

/** What is held of a device by its place, in slots. */
const held = (index: number, slots: number): Hold => ({ index, slots, memoryBytes: 0 });

type Wanted = [device: DeviceRequest | undefined, threads?: number];

/** Device and place in the queue of what is claimed, in order. */
async function claimAll(wanted: Wanted[], devices: OfferedDevice[], holds: Hold[] = []): Promise<string[]> {
  const ids: string[] = [];
  for (const [device, threads] of wanted) ids.push(await queue(database.db, device, threads));
  const claimed = await claim(devices, holds);
  return claimed.map(({ id, device }) => `${ids.indexOf(id)} on ${device.name}`);
}

describe("a worker claims", () => {
  const half = [held(0, 2)];
  test.each<[name: string, wanted: Wanted[], devices: OfferedDevice[], holds: Hold[], claimed: string[]]>([
    ["the oldest runs, one for each slot", [["CPU"], ["ANY"], ["CPU"]], [cpu(2)], [], ["0 on CPU", "1 on CPU"]],
    ["runs stored before there was a choice", [[undefined]], [cpu(1)], [], ["0 on CPU"]],
    ["nothing without a free slot", [["CPU"], ["ANY"]], [cpu(2)], half, []],
    ["GPU runs only for a GPU, and passes them over without one", [["GPU"], ["CPU"]], [cpu(1)], [], ["1 on CPU"]],
    ["one run for each GPU", [["GPU"], ["GPU"], ["GPU"]], [cpu(1), gpu("a"), gpu("b")], [], ["0 on a", "1 on b"]],
    ["for the GPU that is free", [["GPU"]], [cpu(1), gpu("a"), gpu("b")], [held(1, 1)], ["0 on b"]],
    ["CPU runs for a CPU alone", [["CPU"], ["CPU"]], [cpu(1), gpu("a")], [], ["0 on CPU"]],
    [
      "a run for any device on the CPU, then on a GPU",
      [["ANY"], ["ANY"]],
      [cpu(1), gpu("a")],
      [],
      ["0 on CPU", "1 on a"],
    ],
    ["as many slots as a run has threads", [["CPU", 3], ["CPU"], ["CPU"]], [cpu(4)], [], ["0 on CPU", "1 on CPU"]],
    ["one slot of a GPU whatever the threads", [["GPU", 8]], [cpu(1), gpu("a")], [], ["0 on a"]],
    ["what it can never run for nobody", [["CPU", 3], ["CPU"]], [cpu(2)], [], ["1 on CPU"]],
    ["a wide run for any device on a GPU", [["ANY", 3]], [cpu(2), gpu("a")], [], ["0 on a"]],
    ["nothing past a wide run that waits for its slots", [["CPU", 4], ["CPU"]], [cpu(4)], half, []],
    ["what is older than that run", [["CPU"], ["CPU", 4], ["CPU"]], [cpu(4)], half, ["0 on CPU"]],
    ["for a GPU past it", [["CPU", 4], ["ANY"], ["GPU"]], [cpu(4), gpu("a")], half, ["1 on a"]],
  ])("%s", async (_name, wanted, devices, holds, claimed) => {
    expect(await claimAll(wanted, devices, holds)).toEqual(claimed);
  });
});

it("stores what was granted, and that the worker runs it", async () => {
  const id = await queue(database.db, "GPU");
  const [run] = await claim([cpu(1), { ...gpu("Big One"), provider: "cuda", uuid: "GPU-1" }]);
  expect(run).toMatchObject({ id, state: "RUNNING", attempt: 1, workerId: "worker_1" });
  const stored = await database.db.manager.findOneByOrFail(Run, { id });
  expect(stored.device).toEqual({ kind: "GPU", name: "Big One", index: 1, provider: "cuda", uuid: "GPU-1" });
});

describe("a run that comes back to the queue", () => {
  const requeue = (id: string, executor: string | null) =>
    database.db.query("UPDATE run SET state = 'QUEUED', worker_id = NULL, executor = $2 WHERE id = $1", [id, executor]);

  it("goes on on the kind of device that it has computed on", async () => {
    const id = await queue(database.db, "ANY");
    expect((await claim([cpu(1), gpu("a")], [held(0, 1)]))[0]?.device.kind).toBe("GPU");
    await requeue(id, "onnx-cuda-1");
    expect(await claim([cpu(1)])).toEqual([]);
    expect((await claim([cpu(1), gpu("b")]))[0]?.device.name).toBe("b");
  });

  it("is as free as before where it has computed nothing yet", async () => {
    const id = await queue(database.db, "ANY");
    await claim([cpu(1), gpu("a")], [held(0, 1)]);
    await requeue(id, null);
    expect((await claim([cpu(1)]))[0]?.device.kind).toBe("CPU");
  });
});

it("is given to one worker only, and none is forgotten, when many claim at once", async () => {
  const ids = [];
  for (let index = 0; index < 40; index++) ids.push(await queue(database.db, index % 4 === 0 ? "GPU" : "ANY"));
  const claimed: string[] = [];
  const work = async (worker: string, devices: OfferedDevice[]) => {
    for (let idle = 0; idle < 5; ) {
      const runs = await claim(devices, [], worker);
      claimed.push(...runs.map(({ id }) => id));
      if (runs.length === 0) idle++;
    }
  };
  await Promise.all([
    work("worker_1", [cpu(2)]),
    work("worker_2", [cpu(2), gpu("a")]),
    work("worker_3", [cpu(1), gpu("b")]),
  ]);
  expect(claimed.toSorted()).toEqual(ids.toSorted());
});
