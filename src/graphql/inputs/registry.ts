import { type DeclaredFields, struct, type Takes } from "../../language/fields/field.js";
import { limits } from "../../language/fields/limits.js";
import { described, name, reference } from "../../language/fields/scalars.js";
import { count } from "../../language/fields/wording.js";
import { type Input, mutationInput } from "./fields.js";

/** A field that may be left out; the mutation reads it. */
const optional = <Declared>(takes: Takes, options: { doc: string; otherwise: string }) =>
  described<Declared, typeof options>(takes, options);

/** The fields of both alias mutations. */
const aliasFields = {
  model: reference("MODEL", { doc: "Name of the model." }),
  alias: name("alias", "An alias of the model. Neither `latest` nor like `v3`."),
  expected: optional<number>(
    { type: "INTEGER", rule: { min: 0, max: limits.int } },
    {
      doc: "Number of the version that the alias must point to now, or 0 if it must not exist. Otherwise nothing changes and the problem is STALE.",
      otherwise: "not checked",
    },
  ),
  reason: optional<string>(
    { type: "TEXT", min: 0, max: limits.reasonLength },
    { doc: "Reason for the history of the alias.", otherwise: "none" },
  ),
};

const setAlias = struct(
  "SetAliasInput",
  `Creates or moves an alias of a model. A model has at most ${count(limits.aliases)} aliases.`,
  {
    ...aliasFields,
    version: described<number>(
      { type: "INTEGER", rule: { min: 1, max: limits.int } },
      { doc: "Number of the version that the alias should point to." },
    ),
  },
);
export const SetAliasInput = mutationInput(setAlias);
export type SetAliasInput = Input<DeclaredFields<typeof setAlias.fields>>;

export const DeleteAliasInput = mutationInput(
  struct("DeleteAliasInput", "Deletes an alias. Its history is kept.", aliasFields),
);
export type DeleteAliasInput = Input<DeclaredFields<typeof aliasFields>>;

const version = (doc: string) =>
  reference("VERSION", { doc: `${doc}: \`name\` (the newest), \`name/3\` or \`name@champion\`.` });

const tag = struct("TagVersionInput", "Sets or removes one tag of a version.", {
  version: version("The version"),
  key: described<string>(
    { type: "TEXT", min: 1, max: limits.tagKeyLength },
    { doc: "Key of the tag, made of the characters A-Z a-z 0-9 _ . / -." },
  ),
  value: optional<string>(
    { type: "TEXT", min: 0, max: limits.tagLength },
    { doc: `Value of the tag. A version has at most ${count(limits.tags)} tags.`, otherwise: "the tag is removed" },
  ),
});
export const TagVersionInput = mutationInput(tag);
export type TagVersionInput = Input<DeclaredFields<typeof tag.fields>>;

export const ReproduceVersionInput = mutationInput(
  struct("ReproduceVersionInput", "The version that `reproduceVersion` trains again.", { ref: version("The version") }),
);
export type ReproduceVersionInput = Input<{ ref: string }>;
