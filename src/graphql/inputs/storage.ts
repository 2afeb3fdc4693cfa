import { type DeclaredFields, struct } from "../../language/fields/field.js";
import { flag } from "../../language/fields/scalars.js";
import { type Input, mutationInput } from "./fields.js";

const collection = struct("CollectGarbageInput", "Deletes unreferenced objects from the object store.", {
  dryRun: flag({ default: false, doc: "Only counts what would be deleted." }),
  acceptLoss: flag({
    default: false,
    doc: "Also deletes objects that this database has never heard of. Only after it was restored from a backup, when what came after the backup is given up: it cannot be had back.",
  }),
});

export const CollectGarbageInput = mutationInput(collection);
export type CollectGarbageInput = Input<DeclaredFields<typeof collection.fields>>;
