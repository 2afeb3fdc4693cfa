import { Arg, Ctx, Field, FieldResolver, Int, Mutation, ObjectType, Resolver, Root } from "type-graphql";
import { Alias, AliasMove } from "../../entities/alias.js";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { ModelVersion } from "../../entities/version.js";
import { assertAmount, listLimits } from "../../lists/arguments.js";
import { movesOf } from "../../registry/alias-history.js";
import { deleteAlias, setAlias } from "../../registry/aliases.js";
import { answer } from "../builders/answer.js";
import { fieldsOf, one } from "../builders/fields.js";
import type { Context } from "../context/context.js";
import { DeleteAliasInput, SetAliasInput } from "../inputs/registry.js";
import { Payload } from "../payloads/problem.js";

@Resolver(() => Alias)
class AliasHistory {
  @Cost({ length: { arguments: ["limit"], otherwise: 100, max: 1_000 }, statement: true })
  @FieldResolver(() => [AliasMove], { description: "How it moved, newest first, deletions included." })
  history(
    @Root() alias: Alias,
    @Arg("limit", () => Int, { defaultValue: 100, description: "The most moves to give, 1 to 1,000." })
    limit: number,
    @Ctx() { loaders }: Context,
  ): Promise<AliasMove[]> {
    assertAmount("limit", limit, listLimits.moves);
    return loaders
      .batched<Alias, AliasMove[]>(
        `moves ${limit}`,
        (aliases) => movesOf(loaders.db, aliases, limit),
        ({ modelId, name }) => `${modelId} ${name}`,
      )
      .load(alias);
  }
}

@ObjectType({ description: "The outcome of `setAlias`." })
class SetAliasPayload extends Payload {
  modelId?: string;
  name?: string;

  @Field(() => Alias, { nullable: true, description: "The alias as it is now; null when there are problems." })
  async alias(@Ctx() { platform }: Context): Promise<Alias | null> {
    const { modelId, name } = this;
    return modelId === undefined ? null : platform.db.manager.findOneBy(Alias, { modelId, name });
  }
}

@ObjectType({ description: "The outcome of `deleteAlias`." })
class DeleteAliasPayload extends Payload {
  modelId?: string;

  @Field(() => Model, { nullable: true, description: "The model that had the alias; null when there are problems." })
  async model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return this.modelId === undefined ? null : loaders.byId(Model).load(this.modelId);
  }
}

@Resolver()
class AliasMutations {
  @Mutation(() => SetAliasPayload, {
    description:
      "Points an alias of a model to one of its versions, and creates it where there is none. With `expected` it moves only if nobody else moved it meanwhile.",
  })
  async setAlias(
    @Arg("input", () => SetAliasInput, { description: "The alias and its version." }) input: SetAliasInput,
    @Ctx() { session }: Context,
  ): Promise<SetAliasPayload> {
    return answer(SetAliasPayload, await setAlias(session, input));
  }

  @Mutation(() => DeleteAliasPayload, { description: "Removes an alias of a model; its history stays." })
  async deleteAlias(
    @Arg("input", () => DeleteAliasInput, { description: "The alias." }) input: DeleteAliasInput,
    @Ctx() { session }: Context,
  ): Promise<DeleteAliasPayload> {
    return answer(DeleteAliasPayload, await deleteAlias(session, input));
  }
}

/** Names that point to versions, and move. */
export const aliasResolvers = [
  fieldsOf(Alias, {
    model: one(Model, "modelId", "The model it belongs to."),
    version: one(ModelVersion, "versionId", "Where it points."),
    previous: one(ModelVersion, "previousVersionId", "Where it pointed before; null at first.", { nullable: true }),
  }),
  AliasHistory,
  fieldsOf(AliasMove, {
    from: one(ModelVersion, "fromVersionId", "Where it pointed before; null when it was new.", { nullable: true }),
    to: one(ModelVersion, "toVersionId", "Where it pointed then; null when it was deleted.", { nullable: true }),
  }),
  AliasMutations,
];
