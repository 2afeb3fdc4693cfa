import type { Program } from "../model.js";
import { broadcastLate } from "./broadcast-late.js";
import { fuseBias } from "./fuse-bias.js";
import { mergeCommon } from "./merge-common.js";
import { mergeReshapes } from "./merge-reshapes.js";
import { rankScalars } from "./rank-scalars.js";
import { readAhead } from "./read-ahead.js";
import { removeIdentities } from "./remove-identities.js";
import { removeUnused } from "./remove-unused.js";
import { shareTransposes } from "./share-transposes.js";
import { shrinkConstants } from "./shrink-constants.js";
import { sinkTransposes } from "./sink-transposes.js";
import { stepAfterRelu } from "./step-after-relu.js";

/** A rewrite of a program that keeps its meaning; it makes a new program and leaves the given one as it was. */
export type Pass = (program: Program) => Program;

const passes: readonly Pass[] = [
  removeUnused,
  mergeReshapes,
  broadcastLate,
  shrinkConstants,
  sinkTransposes,
  removeIdentities,
  mergeCommon,
  removeUnused,
  stepAfterRelu,
  removeUnused,
  shareTransposes,
  fuseBias,
  rankScalars,
  mergeReshapes,
  removeIdentities,
  mergeCommon,
  removeUnused,
  readAhead,
];

/** All passes in their order. */
export function optimize(program: Program): Program {
  return passes.reduce((current, pass) => pass(current), program);
}
