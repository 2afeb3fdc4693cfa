import { anywhere, type Target } from "../kernels/kernel.js";
import type { Program } from "../program/model.js";
import { broadcastLate } from "./broadcast-late.js";
import { flattenReorders } from "./flatten-reorders.js";
import { fuseActivation } from "./fuse-activation.js";
import { fuseBias } from "./fuse-bias.js";
import { mergeCommon } from "./merge-common.js";
import { mergeReshapes } from "./merge-reshapes.js";
import type { Pass } from "./pass.js";
import { rankScalars } from "./rank-scalars.js";
import { readAhead } from "./read-ahead.js";
import { rectifyPooled } from "./rectify-pooled.js";
import { removeIdentities } from "./remove-identities.js";
import { removeUnused } from "./remove-unused.js";
import { shareTransposes } from "./share-transposes.js";
import { shrinkConstants } from "./shrink-constants.js";
import { sinkReorders } from "./sink-reorders.js";
import { sinkTransposes } from "./sink-transposes.js";
import { stepAfterRelu } from "./step-after-relu.js";

const passes: readonly Pass[] = [
  removeUnused,
  mergeReshapes,
  broadcastLate,
  shrinkConstants,
  sinkReorders,
  sinkTransposes,
  removeIdentities,
  mergeCommon,
  removeUnused,
  stepAfterRelu,
  removeUnused,
  rectifyPooled,
  removeUnused,
  fuseActivation,
  shareTransposes,
  fuseBias,
  flattenReorders,
  rankScalars,
  mergeReshapes,
  removeIdentities,
  mergeCommon,
  removeUnused,
  readAhead,
];

/** All passes in their order; the program was traced for `target`. */
export function optimize(program: Program, target: Target = anywhere): Program {
  return passes.reduce((current, pass) => pass(current, target), program);
}
