import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FairQueue } from "../../src/serving/fair-queue.js";

/** Everything that is in the queue, in the order of its turns. */
function drain<Item>(queue: FairQueue<string, Item>): Item[] {
  const items: Item[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

function queueOf(...items: [owner: string, item: number][]): FairQueue<string, number> {
  const queue = new FairQueue<string, number>();
  for (const [owner, item] of items) queue.push(owner, item);
  return queue;
}

describe("a fair queue", () => {
  it("gives each owner a turn, and each owner's items in their order", () => {
    expect(drain(queueOf(["a", 1], ["a", 2], ["a", 3], ["b", 4], ["c", 5], ["b", 6]))).toEqual([1, 4, 5, 2, 6, 3]);
  });

  it("puts an item back in front of all others", () => {
    const queue = queueOf(["a", 1], ["b", 2], ["a", 3]);
    expect(queue.shift()).toBe(1);
    queue.putBack("a", 1);
    expect([queue.size, drain(queue)]).toEqual([3, [1, 2, 3]]);
  });

  it("knows its longest line, and gives up the last item of one", () => {
    const queue = queueOf(["a", 1], ["b", 2], ["b", 3]);
    expect([queue.longest, queue.lengthOf("b"), queue.pop("b"), queue.size]).toEqual(["b", 2, 3, 2]);
    expect([queue.remove("b", 2), queue.remove("b", 2), queue.lengthOf("b"), drain(queue)]).toEqual([
      ...[true, false, 0],
      [1],
    ]);
  });

  test("loses nothing, and between two turns of one owner every other owner that waits has one", () => {
    const pushes = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.nat()), { maxLength: 60 });
    fc.assert(
      fc.property(pushes, (items) => {
        const queue = new FairQueue<string, { owner: string; item: number }>();
        for (const [owner, item] of items) queue.push(owner, { owner, item });
        const turns = drain(queue);
        for (const owner of ["a", "b", "c", "d"])
          expect(turns.filter((turn) => turn.owner === owner).map(({ item }) => item)).toEqual(
            items.filter(([other]) => other === owner).map(([, item]) => item),
          );
        turns.forEach(({ owner }, index) => {
          const next = turns.findIndex((turn, later) => later > index && turn.owner === owner);
          const waiting = new Set(turns.slice(index + 1).map((turn) => turn.owner));
          waiting.delete(owner);
          if (next > 0) expect(new Set(turns.slice(index + 1, next).map((turn) => turn.owner))).toEqual(waiting);
        });
      }),
    );
  });
});
