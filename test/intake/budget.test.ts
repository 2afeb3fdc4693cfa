import { describe, expect, it } from "vitest";
import { createBudget } from "../../src/intake/budget.js";

const budget = (waiting = 2, waitMs = 60_000) => createBudget({ total: 10, waiting, waitMs, what: "all is taken" });
const refused = { code: "LIMIT_EXCEEDED", message: expect.stringContaining("all is taken") };

describe("a budget", () => {
  it("gives shares in the order they were asked for, urgent ones first, and a large one is not overtaken", async () => {
    const shares = budget(9);
    const giveBack = await shares.take(6);
    const order: string[] = [];
    const take = (name: string, amount: number, urgent = false) =>
      shares.take(amount, { urgent }).then((back) => {
        order.push(name);
        back();
      });
    const all = [take("large", 8), take("small", 1), take("urgent", 5, true)];
    await Promise.resolve();
    expect(order).toEqual([]);
    giveBack();
    await Promise.all(all);
    expect(order).toEqual(["urgent", "large", "small"]);
  });

  it("gives a share back once, and takes more than the whole for the whole", async () => {
    const shares = budget();
    const giveBack = await shares.take(1_000);
    giveBack();
    giveBack();
    const again = await shares.take(10);
    await expect(Promise.race([shares.take(1), Promise.resolve("waits")])).resolves.toBe("waits");
    again();
  });

  it("refuses who finds too many waiting, and who has waited too long", async () => {
    const shares = budget(1, 50);
    await shares.take(10);
    const waiting = shares.take(1);
    await expect(shares.take(1)).rejects.toMatchObject(refused);
    await expect(waiting).rejects.toMatchObject(refused);
  });
});
