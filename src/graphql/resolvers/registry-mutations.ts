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
      "Points an alias of a model to one of its versions, and creates it where there is none. With `expected` it moves only if nobody else moved it meanwhile.",
  })
  async setAlias(
    @Arg("input", () => SetAliasInput, { description: "The alias and its version." }) input: SetAliasInput,
    @Ctx() { platform }: Context,
  ): Promise<SetAliasPayload> {
    return answer(SetAliasPayload, await setAlias(platform.db, input));
  }

  @Mutation(() => DeleteAliasPayload, { description: "Removes an alias of a model; its history stays." })
  async deleteAlias(
    @Arg("input", () => DeleteAliasInput, { description: "The alias." }) input: DeleteAliasInput,
    @Ctx() { platform }: Context,
  ): Promise<DeleteAliasPayload> {
    return answer(DeleteAliasPayload, await deleteAlias(platform.db, input));
  }

  @Mutation(() => TagVersionPayload, {
    description: "Sets or removes one tag of a version: the only part of a version that may change.",
  })
  async tagVersion(
    @Arg("input", () => TagVersionInput, { description: "The version and its tag." }) input: TagVersionInput,
    @Ctx() { platform }: Context,
  ): Promise<TagVersionPayload> {
    return answer(TagVersionPayload, await tagVersion(platform.db, input));
  }
}
