import type { DeclaredFields, ResolvedFields } from "../fields/field.js";
import { readName } from "../fields/fields.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { described, integer } from "../fields/scalars.js";
import { count } from "../fields/wording.js";

/** As Determined's. */
export const defaultPriority = 42;
export const defaultProject = "default";

/** How a run is to stand in the queue. */
export const queueingFields = {
  priority: integer({
    min: 1,
    max: limits.priority,
    default: defaultPriority,
    doc: "Lower starts first. A run that finds no room displaces runs with a higher number: they write a checkpoint, wait again and lose no finished step.",
  }),
  project: readBy(
    {
      doc: "The project it belongs to. Among runs of one priority, the project that uses the fewest slots starts first.",
      takes: { type: "NAME", kind: "declaration" },
      required: false,
      absent: { value: defaultProject },
    },
    (at, key, declared: string | null | undefined): string =>
      readName(at, key, declared ?? defaultProject, "declaration"),
  ),
  dependsOn: described<readonly string[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "REFERENCE", to: "RUN" }, max: limits.dependencies },
    {
      doc: `Ids of at most ${count(limits.dependencies)} runs that must all have SUCCEEDED first. When one of them ends FAILED or CANCELED, the run fails at once with DEPENDENCY_FAILED. One that already has is a problem.`,
      otherwise: "none",
    },
  ),
};

export type QueueingDeclaration = DeclaredFields<typeof queueingFields>;

export interface Queueing extends ResolvedFields<typeof queueingFields> {
  /** Ids of runs that must have SUCCEEDED first. */
  dependsOn: string[];
}
