import { ArgsType, Field, InputType } from "type-graphql";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import { RetrainingRevision } from "../../entities/retraining.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import type { EntityClass } from "../../lists/loaders.js";
import { DateTimeFilter, IntFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which revisions of a declaration to list. All given conditions must hold." })
export class RevisionFilter implements Combinators<RevisionFilter> {
  @Field(() => [RevisionFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: RevisionFilter[] | null;

  @Field(() => [RevisionFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: RevisionFilter[] | null;

  @Field(() => RevisionFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: RevisionFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "The revision's number." })
  number?: IntFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Digest of `spec`." })
  digest?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the declaration." })
  createdAt?: DateTimeFilter | null;
}

export const RevisionOrder = orderInput("Revision", { NUMBER: "The revision's number." });
type RevisionOrder = InstanceType<typeof RevisionOrder>;

@ArgsType()
export class RevisionsArguments extends ConnectionArguments {
  @Field(() => RevisionFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: RevisionFilter | null;

  @Field(() => RevisionOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: RevisionOrder | null;
}

export const ModelRevisionConnection = Connection(ModelRevision, "ModelRevision");
export const OptimizerRevisionConnection = Connection(OptimizerRevision, "OptimizerRevision");
export const RetrainingRevisionConnection = Connection(RetrainingRevision, "RetrainingRevision");

/** Models, optimizers and policies keep their revisions alike. */
function revisionsOf<Row extends object>(name: string, entity: EntityClass<Row>) {
  return {
    name,
    entity,
    tiebreak: "id",
    conditions: {
      number: compare("t.number"),
      digest: compare("t.digest"),
      createdAt: compareInstant("t.created_at"),
    },
    order: byColumns({ NUMBER: { column: "number", kind: "int" } }, { field: "NUMBER", direction: "DESC" }),
  } satisfies Collection<Row, RevisionFilter, RevisionOrder>;
}

export const modelRevisions = revisionsOf("model revisions", ModelRevision);
export const optimizerRevisions = revisionsOf("optimizer revisions", OptimizerRevision);
export const retrainingRevisions = revisionsOf("retraining revisions", RetrainingRevision);
