import { Arg, type ClassType, Ctx, Field, Mutation, ObjectType } from "type-graphql";
import type { DeclaredType } from "../../db/declare-named.js";
import type { Outcome } from "../../db/transaction.js";
import { Cost, type FieldCost } from "../../entities/field-cost.js";
import { nouns } from "../../entities/nouns.js";
import type { List } from "../../lists/list.js";
import type { EntityClass } from "../../lists/loaders.js";
import type { Context } from "../context/context.js";
import { Payload } from "../payloads/problem.js";
import { answer } from "./answer.js";
import { addMethod } from "./method.js";
import { addByName, addList, newResolver } from "./queries.js";

/** What every declaration answers. */
@ObjectType({ description: "What every declaration answers." })
export abstract class DeclarationPayload extends Payload {
  @Field({
    description: "Whether the declaration changed anything: false if it equals the current one or has problems.",
  })
  changed!: boolean;
}

/** A declaration as a mutation is given it. */
export type Declared<Declaration> = Declaration & { idempotencyKey?: string | null };

interface DeclaredNoun<Input> {
  // biome-ignore lint/suspicious/noExplicitAny: a list of whatever rows.
  list: List<any>;
  /** Of the query for one, and of the query for the list. */
  descriptions: { one: string; list: string };
  declare: {
    input: ClassType;
    /** Of the mutation, of its argument, and of the payload's field. */
    descriptions: { mutation: string; input: string; payload: string };
    cost?: FieldCost;
    run(context: Context, input: Input): Promise<Outcome<{ changed: boolean }>>;
  };
}

/**
 * The queries `<noun>(name)` and `<noun>s`, the mutation `declare<Noun>` and its payload, for a noun that is declared
 * under a name.
 */
export function declaredNoun<Input>(type: DeclaredType, noun: DeclaredNoun<Input>): ClassType {
  const entity = nouns[type].entity as EntityClass<{ id: string; name: string }>;
  const field = `${type[0]?.toLowerCase()}${type.slice(1)}`;
  const { input, descriptions, cost, run } = noun.declare;

  @ObjectType(`Declare${type}Payload`, { description: `The outcome of \`declare${type}\`.` })
  class DeclarePayload extends DeclarationPayload {}
  addMethod(
    DeclarePayload,
    field,
    [Field(() => entity, { nullable: true, description: descriptions.payload })],
    [Ctx()],
    function (this: Record<string, string | undefined>, { loaders }: Context) {
      const id = this[`${field}Id`];
      return id === undefined ? null : loaders.byId(entity).load(id);
    },
  );

  const resolver = newResolver();
  addByName(resolver, field, entity, noun.descriptions.one);
  addList(resolver, `${field}s`, noun.list, noun.descriptions.list);
  addMethod(
    resolver,
    `declare${type}`,
    [Mutation(() => DeclarePayload, { description: descriptions.mutation }), ...(cost ? [Cost(cost)] : [])],
    [Arg("input", () => input, { description: descriptions.input }), Ctx()],
    async (given: Input, context: Context) => {
      const outcome = await run(context, given);
      return Object.assign(answer(DeclarePayload, outcome), { changed: outcome.result?.changed ?? false });
    },
  );
  return resolver;
}
