import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { deleteAlias, setAlias } from "../../registry/aliases.js";
import { tagVersion } from "../../registry/tags.js";
import type { Context } from "../context.js";
import { DeleteAliasInput, SetAliasInput, TagVersionInput } from "../inputs/registry.js";
import { answer } from "../payloads/answer.js";
import { DeleteAliasPayload, SetAliasPayload, TagVersionPayload } from "../payloads/outcomes.js";

/** Naming and noting trained versions. */
@Resolver()
export class RegistryMutations {
  @Mutation(() => SetAliasPayload, {
    description:
      "Creates an alias or moves it to another version. With `expected` it moves only if it still points to that version.",
  })
  async setAlias(
    @Arg("input", () => SetAliasInput, { description: "The alias and the version that it should point to." })
    input: SetAliasInput,
    @Ctx() { platform }: Context,
  ): Promise<SetAliasPayload> {
    return answer(SetAliasPayload, await setAlias(platform.db, input));
  }

  @Mutation(() => DeleteAliasPayload, { description: "Deletes an alias. Its history is kept." })
  async deleteAlias(
    @Arg("input", () => DeleteAliasInput, { description: "The alias to delete." }) input: DeleteAliasInput,
    @Ctx() { platform }: Context,
  ): Promise<DeleteAliasPayload> {
    return answer(DeleteAliasPayload, await deleteAlias(platform.db, input));
  }

  @Mutation(() => TagVersionPayload, {
    description: "Sets or removes one tag of a version. Tags are the only part of a version that can change.",
  })
  async tagVersion(
    @Arg("input", () => TagVersionInput, { description: "The version and the tag." }) input: TagVersionInput,
    @Ctx() { platform }: Context,
  ): Promise<TagVersionPayload> {
    return answer(TagVersionPayload, await tagVersion(platform.db, input));
  }
}
