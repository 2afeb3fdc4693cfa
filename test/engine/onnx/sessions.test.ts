import { Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { elements } from "../../../src/engine/onnx/program/model.js";
import { serialize } from "../../../src/engine/onnx/program/serialize.js";
import { refusedOutput, refusesCopies } from "../../../src/engine/onnx/run/output-copies.js";
import { createSessions } from "../../../src/engine/onnx/run/sessions.js";
import { programOf } from "./programs.js";

const sessions = createSessions({ provider: "cpu", threads: 1 });

/** Picks a row by its number: one that is not there fails while it runs. */
const picking = serialize(
  programOf((record) => {
    const [table, row] = [record.input("table", [3, 2], "float32"), record.input("row", [1], "int32")];
    record.output("picked", record.node("Gather", [table, row], { shape: [1, 2], type: "float32" }, { axis: 0 }));
  }),
);
const feeds = (row: number) => ({
  table: new Tensor("float32", Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]),
  row: new Tensor("int32", Int32Array.of(row), [1]),
});
const numbers = (...shape: number[]) => new Tensor("float32", new Float32Array(elements(shape)), shape);
const outOfRange = { code: "EXECUTOR_FAILED", message: expect.stringMatching(/^ONNX Runtime failed: .*out of/) };

it("a failure of ONNX Runtime in the middle of a run is told with its reason, and the session goes on", async () => {
  const session = await sessions.open(picking);
  const picked = numbers(1, 2);
  await expect(session.run(feeds(7), { picked })).rejects.toMatchObject(outOfRange);
  await session.run(feeds(2), { picked });
  expect(picked.data).toEqual(Float32Array.of(5, 6));
  await session.release();
});

it("large results are put where they are wanted and copied nowhere else, and failures are told all the same", async () => {
  const rows = 1_000_000;
  const program = programOf((record) => {
    const [table, row] = [record.input("table", [3, 2], "float32"), record.input("row", [1], "int32")];
    const picked = record.node("Gather", [table, row], { shape: [1, 2], type: "float32" }, { axis: 0 });
    const shape = [rows, 2];
    record.output("many", record.node("Expand", [picked, record.int64(shape)], { shape, type: "float32" }));
    record.output("picked", picked);
  });
  expect(await refusesCopies(program)).toBe(true);
  const session = await sessions.open(serialize(program, { sequence: refusedOutput }));
  const results = { many: numbers(rows, 2), picked: numbers(1, 2) };
  await session.run(feeds(0), results);
  const before = process.memoryUsage().arrayBuffers;
  await session.run(feeds(1), results);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(rows);
  expect(results.picked.data).toEqual(Float32Array.of(3, 4));
  expect((results.many.data as Float32Array).every((value, index) => value === 3 + (index % 2))).toBe(true);
  await expect(session.run(feeds(7), results)).rejects.toMatchObject(outOfRange);
  await session.release();
});

it("bytes that are no program are refused, as often as they are given", async () => {
  for (const bytes of [new Uint8Array(0), picking.subarray(0, 40), new Uint8Array(64).fill(255)]) {
    for (let time = 0; time < 2; time++)
      await expect(sessions.open(bytes)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  }
});
