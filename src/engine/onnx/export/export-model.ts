import { checkTensors, type State } from "../../graphs/executor.js";
import type { Graph } from "../../graphs/graph.js";
import type { Constant, Program, Value } from "../program/model.js";
import { serialize } from "../program/serialize.js";
import { traceSymbolic } from "./symbolic.js";

/**
 * An ONNX file that computes a graph for any number of rows, with the state in it: what other runtimes need to predict.
 * Inputs and outputs have the graph's names, and `batch` as the name of their first dimension.
 * @param graphAt the graph, which must not return state, for a batch size.
 * @throws PlatformError BAD_INPUT when the state does not fit; UNSUPPORTED as `traceSymbolic` does.
 */
export function exportModel(graphAt: (batchSize: number) => Graph, state: State): Uint8Array {
  checkTensors(graphAt(1).state, state, true);
  const { program, shapes } = traceSymbolic(graphAt);
  return serialize(withConstants(program, state), { shapeOf: (name) => shapes.get(name) });
}

/** The program with the inputs of those names known. */
export function withConstants(program: Program, values: State): Program {
  const known = program.inputs.filter(({ name }) => Object.hasOwn(values, name));
  const constants = known.map((input: Value): [string, Constant] => [
    input.name,
    { ...input, data: values[input.name] as Float32Array },
  ]);
  return {
    ...program,
    inputs: program.inputs.filter((input) => !known.includes(input)),
    constants: new Map([...program.constants, ...constants]),
  };
}
