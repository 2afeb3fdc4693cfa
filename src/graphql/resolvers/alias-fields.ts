import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Alias, AliasMove } from "../../entities/alias.js";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { ModelVersion } from "../../entities/version.js";
import { assertAmount, listLimits } from "../../lists/arguments.js";
import { groupBy, type Loaders } from "../../lists/loaders.js";
import type { Context } from "../context.js";

@Resolver(() => Alias)
export class AliasFields {
  @FieldResolver(() => Model, { description: "The model that the alias belongs to." })
  model(@Root() alias: Alias, @Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(alias.modelId);
  }

  @FieldResolver(() => ModelVersion, { description: "The version that the alias points to." })
  version(@Root() alias: Alias, @Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return loaders.byId(ModelVersion).load(alias.versionId);
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it pointed to before; null if there was none.",
  })
  previous(@Root() alias: Alias, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return alias.previousVersionId === null ? null : loaders.byId(ModelVersion).load(alias.previousVersionId);
  }

  @Cost({ length: { arguments: ["limit"], otherwise: 100, max: 1_000 }, statement: true })
  @FieldResolver(() => [AliasMove], { description: "Its moves, newest first, including deletions." })
  history(
    @Root() alias: Alias,
    @Arg("limit", () => Int, { defaultValue: 100, description: "Maximum number of moves, 1 to 1,000." })
    limit: number,
    @Ctx() { loaders }: Context,
  ): Promise<AliasMove[]> {
    assertAmount("limit", limit, listLimits.moves);
    return moves(loaders, limit).load(alias);
  }
}

/** The newest moves of each alias, in one statement. */
function moves(loaders: Loaders, limit: number) {
  const identity = ({ modelId, name }: Pick<Alias, "modelId" | "name">) => `${modelId} ${name}`;
  return loaders.batched<Alias, AliasMove[]>(
    `moves ${limit}`,
    async (aliases) => {
      const rows = await loaders.db.query<AliasMove[]>(
        `SELECT move.* FROM unnest($1::text[], $2::text[]) AS alias (model_id, name)
         CROSS JOIN LATERAL (
           SELECT model_id AS "modelId", name, seq, from_version_id AS "fromVersionId", to_version_id AS "toVersionId",
                  reason, at
           FROM alias_move WHERE (model_id, name) = (alias.model_id, alias.name) ORDER BY seq DESC LIMIT $3
         ) move ORDER BY move.seq DESC`,
        [aliases.map(({ modelId }) => modelId), aliases.map(({ name }) => name), limit],
      );
      const groups = groupBy(rows, identity);
      return aliases.map((alias) => groups.get(identity(alias)) ?? []);
    },
    identity,
  );
}

@Resolver(() => AliasMove)
export class AliasMoveFields {
  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it pointed to before; null when the alias was created.",
  })
  from(@Root() move: AliasMove, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return move.fromVersionId === null ? null : loaders.byId(ModelVersion).load(move.fromVersionId);
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it pointed to afterwards; null when the alias was deleted.",
  })
  to(@Root() move: AliasMove, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return move.toVersionId === null ? null : loaders.byId(ModelVersion).load(move.toVersionId);
  }
}
