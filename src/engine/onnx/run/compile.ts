import type { Graph } from "../../graphs/graph.js";
import {
  bytesOf,
  compositeCall,
  createLoopRunner,
  elementCall,
  type LoopRunner,
  maximumBytes,
  sizesOf,
} from "../fusion/loops.js";
import { partition } from "../fusion/partition.js";
import { handedName, type Stage, stagesOf } from "../fusion/stages.js";
import { anywhere, type Target } from "../kernels/kernel.js";
import { optimize } from "../passes/optimize.js";
import { nextName, trace } from "../trace/trace.js";
import { channelBlock } from "./channel-block.js";
import type { ProgramCache } from "./program-cache.js";
import type { Provider } from "./sessions.js";
import { forWebgpu } from "./webgpu.js";

/** What ONNX Runtime computes and the loops between and after it: those of a stage by its number, then the updates. */
export interface Plan {
  stages: Stage[];
  runner: LoopRunner;
}

/**
 * Records a graph and cuts it up for a provider. No loops on a device, which numbers would have to leave for them, nor where
 * they could not address all they need.
 * @param programs where programs that were made before are found.
 * @throws PlatformError UNSUPPORTED as `trace` does.
 */
export async function compile(graph: Graph, provider: Provider, programs?: ProgramCache): Promise<Plan> {
  const programFor = (target: Target) => {
    const make = () => optimize(trace(graph, target), target);
    return programs ? programs.obtain(graph, target, make) : make();
  };
  const plain = () => {
    const program = programFor(anywhere);
    const fit = provider === "webgpu" ? forWebgpu(program) : program;
    return { stages: stagesOf(fit), runner: createLoopRunner([], String) };
  };
  if (provider !== "cpu") return plain();
  const program = programFor({ channelBlock: await channelBlock(), loops: true });
  const updates = new Map(program.outputs.flatMap(({ name }) => stateBehind(graph, name)));
  const { main, loops } = partition(program, updates);
  const stages = stagesOf(main);
  // State has its own place, what is given from outside as well; the rest lies where it is handed over.
  const inputs = new Set(program.inputs.map(({ name }) => name));
  const placeOf = (name: string) => updates.get(name) ?? (inputs.has(name) ? name : handedName(name));
  const groups = [
    ...stages.map((stage) => stage.loops.map((node) => compositeCall(program, node))),
    loops.map((loop) => elementCall(program, loop)),
  ];
  if (bytesOf(sizesOf(groups, placeOf)) > maximumBytes) return plain();
  return { stages, runner: createLoopRunner(groups, placeOf) };
}

/** Pairs the output that holds new state with the state that it replaces. */
function stateBehind(graph: Graph, output: string): [string, string][] {
  return graph.state.filter(({ name }) => nextName(name) === output).map(({ name }) => [output, name]);
}
