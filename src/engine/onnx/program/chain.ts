import type { Program, Value } from "./model.js";
import { valueNamed } from "./model.js";

/**
 * One program of several: what one puts out is what a later one takes in under the same name. What no earlier one puts
 * out is an input of the whole; its outputs are the last one's. The values named in `kept` keep their names, all others
 * get their program's name before their own, so that nothing in one program means anything in another.
 * @param inputName what an input of the whole is called.
 */
export function chain(
  name: string,
  programs: readonly Program[],
  kept: ReadonlySet<string>,
  inputName: (own: string) => string,
): Program {
  const whole: Program = { name, inputs: [], outputs: [], nodes: [], values: new Map(), constants: new Map() };
  /** What has been put out so far, by the name it goes by between programs: its name in the whole. */
  const handed = new Map<string, string>();
  for (const program of programs) {
    const given = new Set(program.inputs.map((input) => input.name));
    const rename = (own: string): string => {
      if (own === "" || kept.has(own)) return own;
      return given.has(own) ? (handed.get(own) ?? inputName(own)) : `/${program.name}/${own}`;
    };
    const renamed = <V extends Value>(value: V): V => ({ ...value, name: rename(value.name) });
    whole.inputs.push(...program.inputs.filter((input) => !handed.has(input.name)).map(renamed));
    for (const value of program.values.values()) whole.values.set(rename(value.name), renamed(value));
    for (const constant of program.constants.values()) whole.constants.set(rename(constant.name), renamed(constant));
    for (const node of program.nodes) {
      whole.nodes.push({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) });
    }
    whole.outputs = program.outputs.map((output) => ({ name: output.name, from: rename(output.from) }));
    for (const output of whole.outputs) handed.set(output.name, valueNamed(whole, output.from).name);
  }
  return whole;
}
