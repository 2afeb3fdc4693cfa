import { blockedDomain } from "../kernels/blocked.js";
import { valueNamed } from "../program/model.js";
import type { Pass } from "./pass.js";
import { rewritten } from "./rewrite.js";

/** An image of exactly one block of channels lies the same way in either layout. */
export const flattenReorders: Pass = (program, { channelBlock }) => {
  return rewritten(program, (node, [x], record) => {
    if (!x || node.domain !== blockedDomain || node.attributes.channels_last !== 1) return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    const channels = node.op === "ReorderInput" ? result.shape[1] : result.shape[3];
    if (channels !== channelBlock) return undefined;
    return record.node("Reshape", [x, record.int64(result.shape)], result);
  });
};
