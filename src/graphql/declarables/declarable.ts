import { Field, Float, Int, ObjectType } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { JSONScalar } from "../../entities/scalars.js";
import {
  type DeclarableKind,
  declarableKinds,
  type FieldType,
  fieldTypes,
  type ReferenceNoun,
  referenceNouns,
} from "../../language/catalogue/catalogue.js";
import { enumFor } from "../inputs/derive.js";

export const DeclarableKindEnum = enumFor(declarableKinds);
const DeclarableFieldTypeEnum = enumFor(fieldTypes);
const ReferenceNounEnum = enumFor(referenceNouns);

@ObjectType({ description: "One of the values that a field may have." })
export class DeclarableChoice {
  @Field({ description: "As it is written in a declaration." })
  name!: string;

  @Field({ description: "What it means." })
  description!: string;
}

@ObjectType({ description: "A field of a declaration: what it takes, its bounds and its default." })
export class DeclarableField {
  @Field({ description: "As it is written in a declaration; empty for the entries of a list." })
  name!: string;

  @Field({ description: "What it means, with its range and default in words." })
  description!: string;

  @Field(() => DeclarableFieldTypeEnum, { description: "What it takes." })
  type!: FieldType;

  @Field({ description: "Whether it must be given." })
  required!: boolean;

  @Field(() => JSONScalar, {
    nullable: true,
    description: "The value that absence means; null where no one value says it.",
  })
  default!: unknown;

  @Field(() => String, { nullable: true, description: "What absence means, in words; null for a required field." })
  defaultDescription!: string | null;

  @Field(() => Float, { nullable: true, description: "The smallest number allowed; null without one." })
  minimum!: number | null;

  @Field(() => Float, { nullable: true, description: "The largest number allowed; null without one." })
  maximum!: number | null;

  @Field(() => Float, { nullable: true, description: "A bound that the number must be above; null without one." })
  exclusiveMinimum!: number | null;

  @Field(() => Float, { nullable: true, description: "A bound that the number must be below; null without one." })
  exclusiveMaximum!: number | null;

  @Field(() => Int, { nullable: true, description: "The fewest characters or entries; null without a bound." })
  minimumLength!: number | null;

  @Field(() => Int, { nullable: true, description: "The most characters or entries; null without a bound." })
  maximumLength!: number | null;

  @Cost({ length: 12 })
  @Field(() => [DeclarableChoice], { nullable: true, description: "CHOICE: the values allowed. Otherwise null." })
  choices!: DeclarableChoice[] | null;

  @Field(() => ReferenceNounEnum, {
    nullable: true,
    description: "REFERENCE: what the name belongs to. Otherwise null.",
  })
  references!: ReferenceNoun | null;

  @Field(() => DeclarableField, { nullable: true, description: "LIST: what each entry takes. Otherwise null." })
  item!: DeclarableField | null;

  @Cost({ length: 8 })
  @Field(() => [DeclarableField], {
    nullable: true,
    description:
      "OBJECT: its fields. ONE_OF: its alternatives, exactly one of which is given. Null where `kind` lists them.",
  })
  fields!: DeclarableField[] | null;

  @Field(() => DeclarableKindEnum, {
    nullable: true,
    description:
      "ONE_OF whose alternatives are a kind of their own, such as LAYER: ask `declarables` for them. Otherwise null.",
  })
  kind!: DeclarableKind | null;
}

@ObjectType({
  description: "Something that can be declared, such as a layer or an algorithm, and the fields it takes.",
})
export class Declarable {
  @Field(() => DeclarableKindEnum, { description: "What it is." })
  kind!: DeclarableKind;

  @Field({ description: "As it is written in a declaration, such as `dense` or `HUBER`." })
  name!: string;

  @Field({ description: "What it does, with its source." })
  description!: string;

  @Cost({ length: 8 })
  @Field(() => [DeclarableField], { description: "The fields it takes, in order." })
  fields!: DeclarableField[];
}
