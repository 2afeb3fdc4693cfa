import { type ClassType, Field, Int, ObjectType } from "type-graphql";
import type { Slice } from "./slice.js";

@ObjectType({ description: "The position of a page in its list." })
export class PageInfo {
  readonly #slice: Slice<unknown>;

  constructor(slice: Slice<unknown>) {
    this.#slice = slice;
  }

  @Field(() => Boolean, { description: "Whether there are entries after this page." })
  hasNextPage(): Promise<boolean> {
    return this.#slice.hasNextPage();
  }

  @Field(() => Boolean, { description: "Whether there are entries before this page." })
  hasPreviousPage(): Promise<boolean> {
    return this.#slice.hasPreviousPage();
  }

  @Field(() => String, {
    nullable: true,
    description: "Cursor of the first entry, for `before`; null on an empty page.",
  })
  async startCursor(): Promise<string | null> {
    return (await this.#slice.page()).edges.at(0)?.cursor ?? null;
  }

  @Field(() => String, { nullable: true, description: "Cursor of the last entry, for `after`; null on an empty page." })
  async endCursor(): Promise<string | null> {
    return (await this.#slice.page()).edges.at(-1)?.cursor ?? null;
  }
}

/**
 * The object types `<name>Connection` and `<name>Edge`, as the Relay cursor connections specification has them. A field
 * of that type returns `new <name>Connection(sliceOf(…))`; only what is selected is read.
 */
export function Connection<Row extends object>(NodeClass: ClassType<Row>, name: string) {
  @ObjectType(`${name}Edge`, { description: "An entry of a list with its cursor." })
  class Edge {
    @Field(() => String, { description: "Opaque cursor, for `after` and `before` of the same list and order." })
    cursor!: string;

    @Field(() => NodeClass, { description: "The entry." })
    node!: Row;
  }

  @ObjectType(`${name}Connection`, { description: "A page of a list." })
  class ConnectionOf {
    readonly #slice: Slice<Row>;

    constructor(slice: Slice<Row>) {
      this.#slice = slice;
    }

    @Field(() => [Edge], { description: "The entries of this page, each with its cursor." })
    async edges(): Promise<Edge[]> {
      return (await this.#slice.page()).edges;
    }

    @Field(() => [NodeClass], { description: "The entries of this page." })
    async nodes(): Promise<Row[]> {
      return (await this.#slice.page()).edges.map(({ node }) => node);
    }

    @Field(() => PageInfo, { description: "The position of this page in the list." })
    pageInfo(): PageInfo {
      return new PageInfo(this.#slice);
    }

    @Field(() => Int, {
      description: "Number of entries in the whole list that match the filter; counted only when selected.",
    })
    totalCount(): Promise<number> {
      return this.#slice.totalCount();
    }
  }
  return ConnectionOf;
}
