import { type DeclaredFields, struct, type Takes } from "../../language/fields/field.js";
import { limits } from "../../language/fields/limits.js";
import { described, name, reference } from "../../language/fields/scalars.js";
import { count } from "../../language/fields/wording.js";
import { type Input, mutationInput } from "./fields.js";

/** A field that may be left out; the mutation reads it. */
const optional = <Declared>(takes: Takes, options: { doc: string; otherwise: string }) =>
  described<Declared, typeof options>(takes, options);

/** What both alias mutations have. */
const aliasFields = {
  model: reference("MODEL", { doc: "The model's name." }),
  alias: name("alias", "An alias of the model. Neither `latest` nor like `v3`."),
  expected: optional<number>(
    { type: "INTEGER", rule: { min: 0, max: limits.int } },
    {
      doc: "Number of the version that you believe the alias points to now, 0 for an alias that does not exist. If it is another, nothing changes and the problem is STALE.",
      otherwise: "whatever it is",
    },
  ),
  reason: optional<string>(
    { type: "TEXT", min: 0, max: limits.reasonLength },
    { doc: "Kept in the alias's history, if it moves.", otherwise: "none" },
  ),
};

const setAlias = struct(
  "SetAliasInput",
  `Points an alias to a version of a model, which has at most ${count(limits.aliases)} aliases.`,
  {
    ...aliasFields,
    version: described<number>(
      { type: "INTEGER", rule: { min: 1, max: limits.int } },
      { doc: "Number of the version that it shall point to." },
    ),
  },
);
export const SetAliasInput = mutationInput(setAlias);
export type SetAliasInput = Input<DeclaredFields<typeof setAlias.fields>>;

export const DeleteAliasInput = mutationInput(
  struct("DeleteAliasInput", "Removes an alias; its history stays.", aliasFields),
);
export type DeleteAliasInput = Input<DeclaredFields<typeof aliasFields>>;

const version = (doc: string) =>
  reference("VERSION", { doc: `${doc}: \`name\` (the newest), \`name/3\` or \`name@champion\`.` });

const tag = struct("TagVersionInput", "Sets or removes one tag of a version.", {
  version: version("The version"),
  key: described<string>(
    { type: "TEXT", min: 1, max: limits.tagKeyLength },
    { doc: "Its key, unique within the version. It consists of A-Z a-z 0-9 and _ . / -." },
  ),
  value: optional<string>(
    { type: "TEXT", min: 0, max: limits.tagLength },
    { doc: `Its text. A version has at most ${count(limits.tags)} tags.`, otherwise: "the tag is removed" },
  ),
});
export const TagVersionInput = mutationInput(tag);
export type TagVersionInput = Input<DeclaredFields<typeof tag.fields>>;

export const ReproduceVersionInput = mutationInput(
  struct("ReproduceVersionInput", "Trains a version again.", { ref: version("The version") }),
);
export type ReproduceVersionInput = Input<{ ref: string }>;
