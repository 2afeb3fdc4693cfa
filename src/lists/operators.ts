import { Field, ID, InputType, Int } from "type-graphql";
import { type RunState, RunStateEnum } from "../entities/run.js";
import { NumberScalar } from "../entities/scalars.js";
import { SplitPartEnum } from "../entities/version.js";

const equal = "Equal to this.";
const notEqual = "Not equal to this.";
const among = "Equal to one of these; an empty list matches nothing.";
const notAmong = "Equal to none of these; an empty list matches everything.";
const less = "Less than this.";
const atMost = "Less than or equal to this.";
const greater = "Greater than this.";
const atLeast = "Greater than or equal to this.";
const all = "All given operators must match.";

@InputType({ description: `Compares a text; case-sensitive. ${all}` })
export class StringFilter {
  @Field(() => String, { nullable: true, description: equal })
  eq?: string | null;

  @Field(() => String, { nullable: true, description: notEqual })
  ne?: string | null;

  @Field(() => [String], { nullable: true, description: among })
  in?: string[] | null;

  @Field(() => [String], { nullable: true, description: notAmong })
  notIn?: string[] | null;

  @Field(() => String, { nullable: true, description: "Contains this text." })
  contains?: string | null;

  @Field(() => String, { nullable: true, description: "Starts with this text." })
  startsWith?: string | null;
}

@InputType({ description: `Compares a global id. ${all}` })
export class IdFilter {
  @Field(() => ID, { nullable: true, description: equal })
  eq?: string | null;

  @Field(() => ID, { nullable: true, description: notEqual })
  ne?: string | null;

  @Field(() => [ID], { nullable: true, description: among })
  in?: string[] | null;

  @Field(() => [ID], { nullable: true, description: notAmong })
  notIn?: string[] | null;
}

@InputType({ description: `Compares a whole number. ${all}` })
export class IntFilter {
  @Field(() => Int, { nullable: true, description: equal })
  eq?: number | null;

  @Field(() => Int, { nullable: true, description: notEqual })
  ne?: number | null;

  @Field(() => [Int], { nullable: true, description: among })
  in?: number[] | null;

  @Field(() => [Int], { nullable: true, description: notAmong })
  notIn?: number[] | null;

  @Field(() => Int, { nullable: true, description: less })
  lt?: number | null;

  @Field(() => Int, { nullable: true, description: atMost })
  lte?: number | null;

  @Field(() => Int, { nullable: true, description: greater })
  gt?: number | null;

  @Field(() => Int, { nullable: true, description: atLeast })
  gte?: number | null;
}

@InputType({
  description: `Compares a number. NaN equals itself and never matches lt, lte, gt or gte. ${all}`,
})
export class NumberFilter {
  @Field(() => NumberScalar, { nullable: true, description: equal })
  eq?: number | null;

  @Field(() => NumberScalar, { nullable: true, description: notEqual })
  ne?: number | null;

  @Field(() => NumberScalar, { nullable: true, description: less })
  lt?: number | null;

  @Field(() => NumberScalar, { nullable: true, description: atMost })
  lte?: number | null;

  @Field(() => NumberScalar, { nullable: true, description: greater })
  gt?: number | null;

  @Field(() => NumberScalar, { nullable: true, description: atLeast })
  gte?: number | null;
}

@InputType({ description: `Compares an instant with a precision of one millisecond. ${all}` })
export class DateTimeFilter {
  @Field(() => Date, { nullable: true, description: "Equal to this, to the millisecond." })
  eq?: Date | null;

  @Field(() => Date, { nullable: true, description: "Earlier than this." })
  lt?: Date | null;

  @Field(() => Date, { nullable: true, description: "Earlier than or equal to this." })
  lte?: Date | null;

  @Field(() => Date, { nullable: true, description: "Later than this." })
  gt?: Date | null;

  @Field(() => Date, { nullable: true, description: "Later than or equal to this." })
  gte?: Date | null;
}

@InputType({ description: `Compares a boolean. ${all}` })
export class BooleanFilter {
  @Field(() => Boolean, { nullable: true, description: equal })
  eq?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: notEqual })
  ne?: boolean | null;
}

@InputType({ description: `Compares a part of the split. ${all}` })
export class SplitPartFilter {
  @Field(() => SplitPartEnum, { nullable: true, description: equal })
  eq?: string | null;

  @Field(() => SplitPartEnum, { nullable: true, description: notEqual })
  ne?: string | null;

  @Field(() => [SplitPartEnum], { nullable: true, description: among })
  in?: string[] | null;

  @Field(() => [SplitPartEnum], { nullable: true, description: notAmong })
  notIn?: string[] | null;
}

@InputType({ description: `Compares the state of a run. ${all}` })
export class RunStateFilter {
  @Field(() => RunStateEnum, { nullable: true, description: equal })
  eq?: RunState | null;

  @Field(() => RunStateEnum, { nullable: true, description: notEqual })
  ne?: RunState | null;

  @Field(() => [RunStateEnum], { nullable: true, description: among })
  in?: RunState[] | null;

  @Field(() => [RunStateEnum], { nullable: true, description: notAmong })
  notIn?: RunState[] | null;
}
