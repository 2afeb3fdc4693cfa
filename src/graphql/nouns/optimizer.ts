import { Optimizer, OptimizerRevision } from "../../entities/optimizer.js";
import type { OptimizerDeclaration } from "../../language/algorithms/optimizer.js";
import { list } from "../../lists/list.js";
import { declareOptimizer } from "../../registry/declare-optimizer.js";
import { type Declared, declaredNoun } from "../builders/declared.js";
import { declaredListing } from "../builders/declared-listing.js";
import { fieldsOf } from "../builders/fields.js";
import { revisionsOf } from "../builders/revisions.js";
import { DeclareOptimizerInput } from "../inputs/optimizer.js";

const optimizers = list(Optimizer, "optimizers", declaredListing("Optimizer", "Which optimizers to list."));
const revisions = revisionsOf("optimizer", Optimizer, OptimizerRevision, "The optimizer that the revision belongs to.");

/** Update rules: algorithm, learning-rate schedule and gradient clipping. */
export const optimizerResolvers = [
  declaredNoun("Optimizer", {
    list: optimizers,
    descriptions: { one: "An optimizer; null if there is none of this name.", list: "All optimizers." },
    declare: {
      input: DeclareOptimizerInput,
      descriptions: {
        mutation:
          "Declares an optimizer. Declaring the same again changes nothing. A change of more than the description makes a new revision.",
        input: "The optimizer.",
        payload: "The optimizer after the mutation; null when there are problems.",
      },
      run: ({ session }, input: Declared<OptimizerDeclaration>) => declareOptimizer(session, input),
    },
  }),
  fieldsOf(Optimizer, revisions.fields),
  revisions.resolver,
];
