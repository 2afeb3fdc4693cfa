import { type DeclaredFields, struct } from "../../language/fields/field.js";
import { flag } from "../../language/fields/scalars.js";
import { type Input, mutationInput } from "./fields.js";

const collection = struct("CollectGarbageInput", "Options of a garbage collection.", {
  dryRun: flag({ default: false, doc: "Whether to only count the objects that would be deleted." }),
  acceptLoss: flag({
    default: false,
    doc: "Whether to also delete objects that this database does not know. Use it only after a restore from a backup, to give up everything newer; this cannot be undone.",
  }),
});

export const CollectGarbageInput = mutationInput(collection);
export type CollectGarbageInput = Input<DeclaredFields<typeof collection.fields>>;
