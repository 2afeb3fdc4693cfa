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
  @FieldResolver(() => [AliasMove], { description: "Its moves, newest first, including deletions." })
  history(
    @Root() alias: Alias,
    @Arg("limit", () => Int, { defaultValue: 100, description: "Maximum number of moves, 1 to 1,000." })
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

@ObjectType({ description: "The result of `setAlias`." })
class SetAliasPayload extends Payload {
  modelId?: string;
  name?: string;

  @Field(() => Alias, { nullable: true, description: "The alias after the mutation; null when there are problems." })
  async alias(@Ctx() { platform }: Context): Promise<Alias | null> {
    const { modelId, name } = this;
    return modelId === undefined ? null : platform.db.manager.findOneBy(Alias, { modelId, name });
  }
}

@ObjectType({ description: "The result of `deleteAlias`." })
class DeleteAliasPayload extends Payload {
  modelId?: string;

  @Field(() => Model, {
    nullable: true,
    description: "The model that the alias belonged to; null when there are problems.",
  })
  async model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return this.modelId === undefined ? null : loaders.byId(Model).load(this.modelId);
  }
}

@Resolver()
class AliasMutations {
  @Mutation(() => SetAliasPayload, {
    description:
      "Creates an alias or moves it to another version. With `expected` it moves only if it still points to that version.",
  })
  async setAlias(
    @Arg("input", () => SetAliasInput, { description: "The alias and the version that it should point to." })
    input: SetAliasInput,
    @Ctx() { session }: Context,
  ): Promise<SetAliasPayload> {
    return answer(SetAliasPayload, await setAlias(session, input));
  }

  @Mutation(() => DeleteAliasPayload, { description: "Deletes an alias. Its history is kept." })
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
    model: one(Model, "modelId", "The model that the alias belongs to."),
    version: one(ModelVersion, "versionId", "The version that the alias points to."),
    previous: one(ModelVersion, "previousVersionId", "The version that it pointed to before; null if there was none.", {
      nullable: true,
    }),
  }),
  AliasHistory,
  fieldsOf(AliasMove, {
    from: one(
      ModelVersion,
      "fromVersionId",
      "The version that it pointed to before; null when the alias was created.",
      { nullable: true },
    ),
    to: one(
      ModelVersion,
      "toVersionId",
      "The version that it pointed to afterwards; null when the alias was deleted.",
      { nullable: true },
    ),
  }),
  AliasMutations,
];
