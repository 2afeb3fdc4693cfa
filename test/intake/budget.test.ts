import { describe, expect, it } from "vitest";
import { createBudget } from "../../src/intake/budget.js";

const budget = (waiting = 2, waitMs = 60_000) => createBudget({ total: 10, waiting, waitMs, what: "all is taken" });
const refused = { code: "LIMIT_EXCEEDED", message: expect.stringContaining("all is taken") };

describe("a budget", () => {
  it("grants shares in the order of the requests, urgent ones first, and none overtakes a large one", async () => {
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

  it("takes a share back once, and treats a share above the total as the total", async () => {
    const shares = budget();
    const giveBack = await shares.take(1_000);
    giveBack();
    giveBack();
    const again = await shares.take(10);
    await expect(Promise.race([shares.take(1), Promise.resolve("waits")])).resolves.toBe("waits");
    again();
  });

  it("refuses a request if too many wait already, or after it has waited too long", async () => {
    const shares = budget(1, 50);
    await shares.take(10);
    const waiting = shares.take(1);
    await expect(shares.take(1)).rejects.toMatchObject(refused);
    await expect(waiting).rejects.toMatchObject(refused);
  });
});
