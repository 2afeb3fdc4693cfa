import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { artWidth, drawDigit } from "../../src/demo/stage/digit-art.js";
import { drawLossChart } from "../../src/demo/stage/loss-chart.js";
import { createScreen } from "../../src/demo/stage/screen.js";

/** A screen on a stream that keeps what is written. */
function recordedScreen(terminal: { isTTY?: boolean }, env: NodeJS.ProcessEnv) {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { screen: createScreen(Object.assign(stream, terminal) as NodeJS.WriteStream, env), written: () => text };
}

describe("the loss chart", () => {
  const curve = (values: number[]) => ({
    name: "val_loss",
    points: values.map((value, index) => ({ step: (index + 1) * 28, epoch: index + 1, value })),
  });
  const cases: [string, number[]][] = [
    ["a falling curve", Array.from({ length: 30 }, (_, epoch) => 2.4 * 0.8 ** epoch)],
    ["one point", [0.7]],
    ["a rising curve of large numbers", [1, 100, 12_345]],
  ];
  it.each(cases)("of %s takes at most eleven lines of 76 columns", (_name, values) => {
    const lines = drawLossChart([curve(values)]);
    expect(lines.length).toBeLessThanOrEqual(11);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(76);
  });

  it("names its first and its last step", () => {
    const lines = drawLossChart([curve([2, 1, 0.5])]);
    expect(lines.at(-1)).toMatch(/^ +step 28 +step 84 \(epoch 3\)$/);
  });

  it("labels a flat curve with its value", () => {
    expect(drawLossChart([curve([0.7, 0.7])])[0]).toMatch(/^ 0\.700 ┼─/);
  });

  it("falls from the left to the right where the loss does", () => {
    const lines = drawLossChart([curve([1, 0])]);
    expect(lines[0]).toMatch(/1\.000 ┼/);
    expect(lines[0]?.length).toBeLessThan(lines.at(-3)?.length ?? 0);
  });
});

describe("a drawn digit", () => {
  it("is eight lines of shades, ink as blocks and paper as blanks", () => {
    const pixels = Array.from({ length: 64 }, (_, index) => (index % 8 === 3 ? 16 : 0));
    const lines = drawDigit(pixels);
    expect(lines).toHaveLength(8);
    for (const line of lines) {
      expect(line).toHaveLength(artWidth);
      expect(line.trim()).toBe("██");
    }
  });
});

describe("the screen", () => {
  const ansi = "\u001b";
  const colors: [string, { isTTY?: boolean }, NodeJS.ProcessEnv, boolean][] = [
    ["a terminal has colours", { isTTY: true }, {}, true],
    ["a terminal with NO_COLOR has none", { isTTY: true }, { NO_COLOR: "1" }, false],
    ["a log has none", {}, {}, false],
  ];
  it.each(colors)("%s", (_name, terminal, env, colored) => {
    const { screen, written } = recordedScreen(terminal, env);
    screen.chapter("Train it", "A worker claims the run.");
    expect(written().includes(ansi)).toBe(colored);
    expect(screen.colored).toBe(colored);
  });

  it("breaks sentences at 80 columns", () => {
    const { screen, written } = recordedScreen({}, {});
    screen.chapter("A title", "word ".repeat(60).trim());
    screen.done("word ".repeat(60).trim());
    for (const line of written().split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("shows an operation with its variables in short", () => {
    const { screen, written } = recordedScreen({}, {});
    screen.operation("query { a }\n", { dataset: "digits", rows: [1, 2, 3] });
    expect(written()).toContain('    query { a }\n    with dataset: "digits", rows: [3 rows]\n');
  });
});
