import type { Union } from "../fields/field.js";
import type { DeclaredUnion, ResolvedUnion } from "../fields/objects.js";
import { integer } from "../fields/scalars.js";

/** What may start a training. The rules in `continual/trigger.ts` say when one is due. */
const triggers = {
  newRows: {
    field: integer({
      min: 1,
      doc: "Number of rows that came since the version that the alias `from` points to was trained.",
    }),
    as: "count",
  },
} as const;

export const triggerUnion = {
  name: "RetrainingTriggerInput",
  doc: "What starts a training: exactly one of these.",
  alternatives: triggers,
} satisfies Union;

export type TriggerDeclaration = DeclaredUnion<typeof triggers>;
export type Trigger = ResolvedUnion<typeof triggers>;
