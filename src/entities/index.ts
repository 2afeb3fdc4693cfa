import { Alias, AliasMove } from "./alias.js";
import { DatasetSegment } from "./dataset.js";
import { AppendSegment } from "./dataset-append.js";
import { DatasetEvent, ModelEvent } from "./event.js";
import { nouns } from "./nouns.js";
import { RunEvent } from "./run-event.js";
import { Artifact, Evaluation, EvaluationBreakdown, VersionTag } from "./version.js";

/** Every table with a class of its own. Metric points have none: they are written and read in bulk by `runs/metrics.ts`. */
export const entities = [
  ...Object.values(nouns).map(({ entity }) => entity),
  ...[
    Alias,
    AliasMove,
    AppendSegment,
    Artifact,
    DatasetEvent,
    DatasetSegment,
    Evaluation,
    EvaluationBreakdown,
    ModelEvent,
    RunEvent,
    VersionTag,
  ],
];
