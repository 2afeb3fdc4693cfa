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
    model: byNameOf("model", "model_id", "The name of the model it keeps fresh."),
    enabled: byBoolean("enabled", "Whether its trigger is watched."),
  }),
);
const revisions = revisionsOf("retraining", Retraining, RetrainingRevision, "The policy it declares.");

/** Policies that train a model again as rows arrive. */
export const retrainingResolvers = [
  declaredNoun("Retraining", {
    list: retrainings,
    descriptions: {
      one: "A retraining policy; null where nobody declared it.",
      list: "The declared retraining policies.",
    },
    declare: {
      input: DeclareRetrainingInput,
      descriptions: {
        mutation:
          "Declares a policy that trains a model again as rows arrive, and promotes the result only if it is good enough.",
        input: "The policy.",
        payload: "The policy as it is now; null when there are problems.",
      },
      run: ({ session }, input: Declared<RetrainingDeclaration>) => declareRetraining(session, input),
    },
  }),
  fieldsOf(Retraining, {
    model: one(Model, "modelId", "The model it keeps fresh."),
    ...revisions.fields,
    runs: many(runs, "retraining_id", "The runs it started, and their retries."),
  }),
  revisions.resolver,
];
