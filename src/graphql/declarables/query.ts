import { Arg, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { catalogue, type DeclarableKind } from "../../language/catalogue/catalogue.js";
import { tellField } from "../../language/catalogue/tell.js";
import { Declarable, DeclarableKindEnum } from "./declarable.js";

@Resolver()
export class DeclarablesQuery {
  @Cost({ length: 40 })
  @Query(() => [Declarable], {
    description: "What can be declared, as data: for forms, command lines and clients. It changes with releases only.",
  })
  declarables(
    @Arg("kind", () => DeclarableKindEnum, { description: "Of which kind." }) kind: DeclarableKind,
  ): Declarable[] {
    return catalogue[kind].map(({ name, doc, fields }) => ({
      kind,
      name,
      description: doc,
      fields: Object.entries(fields).map(([key, field]) => tellField(key, field)),
    }));
  }
}
