// Trains nets compiled in this process and prints what came of it as JSON, with the nets whose loss hides a NaN of their
// input. A process of its own, so that it can be one on an emulated processor. On standard input:
// { nets: [{ name, training, batches }] }, as in `emulated.test.ts`.
import { text } from "node:stream/consumers";

const dist = new URL("../../../dist/", import.meta.url);
const load = (file) => import(new URL(file, dist));
const { channelBlock } = await load("engine/onnx/run/channel-block.js");
const { createOnnxExecutor } = await load("engine/onnx/run/onnx-executor.js");
const { createTrainingProgram } = await load("engine/programs/training-program.js");
const { describeEnvironment } = await load("trainer/environment.js");

const { nets } = JSON.parse(await text(process.stdin));
const executor = createOnnxExecutor({ provider: "cpu" });
const losses = {};
const blind = [];
for (const { name, training, batches } of nets) {
  const program = await createTrainingProgram({ ...training, executor });
  losses[name] = [];
  for (const [stepIndex, { x, y, count }] of batches.entries()) {
    const rows = { x: Float32Array.from(x), y: Float32Array.from(y), count };
    losses[name].push((await program.step({ ...rows, stepIndex })).loss);
  }
  const [{ x, y, count }] = batches;
  const invalid = {
    x: Float32Array.from(x).with(1, Number.NaN),
    y: Float32Array.from(y),
    count,
    stepIndex: batches.length,
  };
  if (!Number.isNaN((await program.step(invalid)).loss)) blind.push(name);
  program.dispose();
}
const { processor, processorModel } = describeEnvironment(executor);
console.log(JSON.stringify({ channelBlock: await channelBlock(), processor, processorModel, blind, losses }));
