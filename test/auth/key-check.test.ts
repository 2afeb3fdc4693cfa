import { describe, expect, it } from "vitest";
import { createKeyCheck, wrongKeyLimits } from "../../src/auth/key-check.js";
import { networkOf } from "../../src/auth/network.js";

const key = "pk_test-key-0123456789abcdefghijklmnopqrstuv";

function check() {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const logger = { debug() {}, info() {}, error() {}, warn: (fields: object) => void lines.push({ ...fields }) };
  const keys = createKeyCheck({ key, logger, now: () => time });
  return { keys, lines, pass: (seconds: number) => (time += seconds * 1_000) };
}

describe("wrong keys", () => {
  it("ask for a wait that doubles up to a minute, and the right key for none", () => {
    const { keys } = check();
    const waits = Array.from({ length: 20 }, () => keys.refuse("Bearer wrong", "10.0.0.1")?.retryAfter);
    expect(waits).toEqual([...Array(10).fill(undefined), 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    expect(keys.refuse(`Bearer ${key}`, "10.0.0.1")).toBeUndefined();
    // Whoever has the key does not clear what others behind the same address have done.
    expect(keys.refuse("Bearer wrong", "10.0.0.1")).toEqual({ retryAfter: 60 });
    expect(keys.refuse("Bearer wrong", "10.0.0.2")).toEqual({});
    keys.close();
  });

  it("are forgotten after a quarter of an hour without any", () => {
    const { keys, pass } = check();
    for (let count = 0; count < 50; count++) keys.refuse("Bearer wrong", "10.0.0.1");
    pass(wrongKeyLimits.forgetAfter - 1);
    expect(keys.refuse("Bearer wrong", "10.0.0.1")).toEqual({ retryAfter: 60 });
    pass(wrongKeyLimits.forgetAfter + 1);
    expect(keys.refuse("Bearer wrong", "10.0.0.1")).toEqual({});
    keys.close();
  });

  it("are any that is not the key, but a missing one is not", () => {
    const { keys, lines } = check();
    for (let count = 0; count < 100; count++)
      for (const none of [undefined, ""]) expect(keys.refuse(none, "10.0.0.1")).toEqual({});
    expect(lines).toEqual([]);
    for (const wrong of [key, `Basic ${key}`, `Bearer ${key}x`, `Bearer ${"x".repeat(5_000)}`, [key], { length: 1 }])
      expect(keys.refuse(wrong, "10.0.0.1")).toEqual({});
    keys.close();
    expect(lines).toEqual([
      { from: [{ remoteAddress: "10.0.0.1", wrongKeys: 1 }] },
      { from: [{ remoteAddress: "10.0.0.1", wrongKeys: 5 }] },
    ]);
  });

  it("from any number of addresses take a bounded memory and few log lines, without the keys", () => {
    const { keys, lines } = check();
    const before = process.memoryUsage().heapUsed;
    for (let address = 0; address < 200_000; address++)
      keys.refuse("Bearer wrong-key-in-no-line", `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
    keys.close();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ fromOtherAddresses: 200_000 - 11 });
    expect(lines[1]?.from).toHaveLength(10);
    expect(JSON.stringify(lines)).not.toContain("wrong-key");
  });

  it("are counted by what one client cannot change about its address", () => {
    expect(networkOf("10.0.0.1")).toBe("10.0.0.1");
    expect(networkOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:DB8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0::/64");
    expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(networkOf("::1")).toBe("0:0:0:0::/64");
    expect(networkOf("unknown")).toBe("unknown");
    const { keys } = check();
    for (let count = 0; count < 11; count++) keys.refuse("Bearer wrong", `2001:db8::${count}`);
    expect(keys.refuse("Bearer wrong", "2001:db8::ffff")).toEqual({ retryAfter: 2 });
    keys.close();
  });
});
