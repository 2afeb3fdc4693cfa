import type { ClassType } from "type-graphql";
import type { ObjectLiteral } from "typeorm";
import { byInstant, byInt, byText } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing } from "../../lists/listing.js";
import type { EntityClass } from "../../lists/loaders.js";
import { fieldsOf, many, numbered, one, type Relation } from "./fields.js";

const revisionListing = listing("Revision", {
  filter: {
    description: "Which revisions of a declaration to list.",
    fields: {
      number: byInt("number", "The revision's number."),
      digest: byText("digest", "Digest of `spec`."),
      createdAt: byInstant("created_at", "Time of the declaration."),
    },
  },
  order: {
    ...byColumns(
      "Revision",
      { NUMBER: { column: "number", kind: "int", description: "The revision's number." } },
      { field: "NUMBER", direction: "DESC" },
    ),
    description: "The order. Default: newest first.",
  },
});

/**
 * The fields `revision` and `revisions` of a declared noun, and the field of a revision that leads back to it.
 *
 * @param noun such as `optimizer`: revisions name it in `optimizerId` and in the column `optimizer_id`.
 * @param description of the field that leads back.
 */
export function revisionsOf<Row extends { id: string }>(
  noun: string,
  owner: EntityClass<ObjectLiteral & { id: string }>,
  revision: EntityClass<ObjectLiteral & { id: string; number: number }>,
  description: string,
): { fields: Record<"revision" | "revisions", Relation<Row>>; resolver: ClassType } {
  const column = `${noun}_id`;
  return {
    fields: {
      revision: numbered(revision, column, "One revision; null if there is none of this number.", {
        nullable: true,
        description: "Number of the revision. Default: the newest.",
      }),
      revisions: many(list(revision, `${noun} revisions`, revisionListing), column, "All revisions."),
    },
    resolver: fieldsOf(revision, { [noun]: one(owner, `${noun}Id`, description) }),
  };
}
