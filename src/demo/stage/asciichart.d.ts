declare module "asciichart" {
  /** Lines of text; the rows below each other are at most `height` + 2. */
  export function plot(
    series: number[][],
    options?: { height?: number; offset?: number; colors?: (string | undefined)[]; format?: (value: number) => string },
  ): string;
}
