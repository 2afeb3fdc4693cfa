import { Field, Int, ObjectType } from "type-graphql";
import { type ConnectionArguments, readExtent } from "./arguments.js";
import { Connection } from "./connection.js";
import { decodeCursor, encodeCursor } from "./cursor.js";
import { once } from "./once.js";
import type { Ordering } from "./order.js";
import type { Page } from "./page.js";
import type { Slice } from "./slice.js";

@ObjectType("Category", { description: "A category of a feature." })
export class CategoryObject {
  @Field(() => Int, { description: "Its place in the list, from 0; it never changes." })
  code!: number;

  @Field({ description: "The category itself." })
  value!: string;
}

export const CategoryConnection = Connection<CategoryObject>(CategoryObject, "Category");

const ordering: Ordering = { name: "CODE", direction: "ASC", kind: "int", value: () => "code" };

/** A list of categories: how many there are, and those with the codes from `from` to before `to`. */
export interface CategoryList {
  /** Names the list in cursors. */
  name: string;
  count(): Promise<number>;
  read(from: number, to: number): Promise<string[]>;
}

/**
 * The part of a list of categories that a connection field's arguments ask for.
 *
 * @throws PlatformError BAD_INPUT or BAD_CURSOR, naming the argument.
 */
export function categorySlice(list: CategoryList, args: ConnectionArguments): Slice<CategoryObject> {
  const extent = readExtent(args);
  const codeOf = (argument: "after" | "before") => {
    const cursor = args[argument];
    return cursor == null ? undefined : Number(decodeCursor(argument, cursor, list.name, ordering).value);
  };
  const [after, before] = [codeOf("after"), codeOf("before")];
  const bounds = once(async () => {
    const count = await list.count();
    const first = Math.max(0, (after ?? -1) + 1);
    const end = Math.max(first, Math.min(count, before ?? count));
    const from = extent.fromEnd ? Math.max(first, end - extent.size) : first;
    return { count, from, to: extent.fromEnd ? end : Math.min(end, first + extent.size) };
  });
  const page = once(async (): Promise<Page<CategoryObject>> => {
    const { count, from, to } = await bounds();
    const values = to > from ? await list.read(from, to) : [];
    const edges = values.map((value, index) => {
      const code = from + index;
      return { node: { code, value }, cursor: encodeCursor(list.name, ordering, { value: String(code), id: "" }) };
    });
    return { edges, more: extent.fromEnd ? from > 0 : to < count };
  });
  return {
    page,
    totalCount: list.count,
    hasNextPage: async () => (await bounds()).to < (await bounds()).count,
    hasPreviousPage: async () => (await bounds()).from > 0,
  };
}
