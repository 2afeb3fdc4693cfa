import { declareRetraining } from "../../continual/declare-retraining.js";
import { Model } from "../../entities/model.js";
import { Retraining, RetrainingRevision } from "../../entities/retraining.js";
import type { RetrainingDeclaration } from "../../language/retraining/retraining.js";
import { byBoolean, byNameOf } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { type Declared, declaredNoun } from "../builders/declared.js";
import { declaredListing } from "../builders/declared-listing.js";
import { fieldsOf, many, one } from "../builders/fields.js";
import { revisionsOf } from "../builders/revisions.js";
import { DeclareRetrainingInput } from "../inputs/retraining.js";
import { runs } from "./run.js";

export const retrainings = list(
  Retraining,
  "retrainings",
  declaredListing("Retraining", "Which retraining policies to list.", {
    model: byNameOf("model", "model_id", "Name of the model that it retrains."),
    enabled: byBoolean("enabled", "Whether the policy is active."),
  }),
);
const revisions = revisionsOf("retraining", Retraining, RetrainingRevision, "The policy that the revision belongs to.");

/** Policies that train a model again as rows arrive. */
export const retrainingResolvers = [
  declaredNoun("Retraining", {
    list: retrainings,
    descriptions: {
      one: "A retraining policy; null if there is none of this name.",
      list: "All retraining policies.",
    },
    declare: {
      input: DeclareRetrainingInput,
      descriptions: {
        mutation:
          "Declares a policy that retrains a model when rows arrive and promotes the new version only if it passes a gate.",
        input: "The policy.",
        payload: "The policy after the mutation; null when there are problems.",
      },
      run: ({ session }, input: Declared<RetrainingDeclaration>) => declareRetraining(session, input),
    },
  }),
  fieldsOf(Retraining, {
    model: one(Model, "modelId", "The model that the policy retrains."),
    ...revisions.fields,
    runs: many(runs, "retraining_id", "The runs that the policy started, and their retries."),
  }),
  revisions.resolver,
];
