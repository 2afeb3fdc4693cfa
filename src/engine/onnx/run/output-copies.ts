import { InferenceSession, Tensor } from "onnxruntime-node";
import { elements, type Program, valueNamed } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { serialize } from "../program/serialize.js";

/**
 * ONNX Runtime's binding answers a run with copies of all outputs, even where it was given memory for them. Nobody needs
 * those, and for a wide dense net they are a fifth of a step. It makes them once the program has run, one output after the
 * other, and throws at one that is no tensor. So a program with large outputs puts out an empty sequence first, and its
 * runs end with that error: everything is then in the memory that was given, and nothing has been copied.
 */
export const refusedOutput = "no tensor";

/** From here on copies cost more than an error does. */
const costlyBytes = 256 * 1024;

/** Whether a program shall be serialized with the refused output as its first. */
export async function refusesCopies(program: Program): Promise<boolean> {
  const bytes = program.outputs.reduce((sum, { from }) => sum + 4 * elements(valueNamed(program, from).shape), 0);
  return bytes >= costlyBytes && (await refusal()) !== undefined;
}

let probed: Promise<string | undefined> | undefined;

/** With which message the binding refuses, after a run that was well; undefined where it does not, or not then. */
export function refusal(): Promise<string | undefined> {
  probed ??= probe().catch(() => undefined);
  return probed;
}

async function probe(): Promise<string | undefined> {
  const record = new Recorder("refusal");
  const x = record.input("x", [1], "float32");
  record.output("negative", record.node("Neg", [x], { shape: [1], type: "float32" }));
  const negative = new Tensor("float32", Float32Array.of(0), [1]);
  const session = await InferenceSession.create(serialize(record.program, { sequence: refusedOutput }), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
  });
  try {
    const given = { x: new Tensor("float32", Float32Array.of(1), [1]) };
    await session.run(given, { [refusedOutput]: null, negative });
    return undefined;
  } catch (error) {
    return negative.data[0] === -1 ? (error as Error).message : undefined;
  } finally {
    await session.release();
  }
}

/** Bytes of copies after which they are collected. */
const limitBytes = 12 * 2 ** 20;

/** There in processes that were started with `--expose-gc`. */
type Collector = (options: { type: "minor" }) => void;

let copied = 0;

/**
 * Called after results have been copied. V8 frees what has just been made cheaply, but unless it is told to, it lets
 * megabytes beside its heap pile up until it goes through all of the heap: again and again, for a third of a
 * convolutional net's step.
 */
export function afterCopies(results: Readonly<Record<string, Tensor>>): void {
  for (const { data } of Object.values(results)) copied += (data as Float32Array).byteLength;
  if (copied < limitBytes) return;
  copied = 0;
  (globalThis as { gc?: Collector }).gc?.({ type: "minor" });
}
