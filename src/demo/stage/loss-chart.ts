import { plot } from "asciichart";

export interface Curve {
  name: string;
  points: readonly { step: number; epoch: number; value: number }[];
  /** An ANSI sequence that begins its colour; none: as the text around it. */
  color?: string;
}

const plotted = { width: 60, height: 7, offset: 3 };
const label = (value: number) => value.toFixed(3).padStart(6);

/** Curves over optimizer steps, with both axes, in at most eleven lines. Every curve needs a point. */
export function drawLossChart(curves: readonly Curve[]): string[] {
  const points = curves.flatMap((curve) => curve.points);
  const from = Math.min(...points.map(({ step }) => step));
  const last = points.reduce((a, b) => (b.step > a.step ? b : a));
  const values = points.map(({ value }) => value);
  const isFlat = Math.min(...values) === Math.max(...values);
  const chart = plot(
    curves.map((curve) => resample(curve.points, from, last.step)),
    {
      height: plotted.height,
      offset: plotted.offset,
      // asciichart labels a flat line with a rounded value.
      format: (value) => label(isFlat ? last.value : value),
      colors: curves.map(({ color }) => color),
    },
  );
  const margin = " ".repeat(label(0).length + 1);
  const end = `step ${last.step} (epoch ${last.epoch})`;
  return [
    ...chart.split("\n").map((line) => line.trimEnd()),
    `${margin}└${"─".repeat(plotted.width - 1)}`,
    `${margin} step ${from}${end.padStart(plotted.width - 1 - `step ${from}`.length)}`,
  ];
}

/** The curve's height at each column, straight between its points. */
function resample(points: Curve["points"], from: number, to: number): number[] {
  let segment = 0;
  return Array.from({ length: plotted.width }, (_, column) => {
    const step = from + ((to - from) * column) / (plotted.width - 1);
    while (segment < points.length - 2 && (points[segment + 1]?.step ?? step) < step) segment++;
    const a = points[segment];
    const b = points[segment + 1] ?? a;
    if (!a || !b) throw new Error("a curve needs a point");
    if (a.step === b.step) return a.value;
    const share = Math.min(Math.max((step - a.step) / (b.step - a.step), 0), 1);
    return a.value + (b.value - a.value) * share;
  });
}
