import type { WriteStream } from "node:tty";
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Where the story is told: 80 columns, with colour where the reader's terminal has it. */
export interface Screen {
  /** Whether lines can be drawn again; a log takes each line once. */
  readonly animated: boolean;
  readonly colored: boolean;
  readonly stream: NodeJS.WriteStream;
  style(style: Style, text: string): string;
  /** Lines as they are. */
  print(...lines: string[]): void;
  /** Begins a numbered chapter: its title, and below it a few sentences. */
  chapter(title: string, text: string): void;
  /** GraphQL as it is sent, and its variables in short. */
  operation(document: string, variables: Record<string, unknown>): void;
  /** What came of it. */
  done(text: string): void;
  /** A value with its name, in a column of names. */
  value(name: string, text: string): void;
}

const width = 80;
const margin = "  ";
const indent = "    ";

export function createScreen(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  const animated = (stream as Partial<WriteStream>).isTTY === true;
  const colored = animated && !env.NO_COLOR && env.TERM !== "dumb";
  let chapters = 0;
  const style = (format: Style, text: string) =>
    // Decided above: by this stream, not by what Node thinks of its standard output.
    colored ? styleText(format, text, { validateStream: false }) : text;
  const print = (...lines: string[]) => {
    for (const line of lines) stream.write(`${line}\n`);
  };
  return {
    animated,
    colored,
    stream,
    style,
    print,
    chapter(title, text) {
      const number = String(++chapters).padStart(2);
      print(
        "",
        `${style("green", number)}  ${style("bold", title)}`,
        ...wrap(text, width - indent.length).map(indented),
      );
    },
    operation(document, variables) {
      const given = Object.entries(variables).map(([name, value]) => `${name}: ${brief(value)}`);
      print(
        "",
        ...document
          .trimEnd()
          .split("\n")
          .map((line) => style("cyan", `${indent}${line}`)),
      );
      if (given.length > 0) {
        const lines = wrap(`with ${given.join(", ")}`, width - indent.length);
        print(...lines.map((line) => style("dim", indented(line))));
      }
      print("");
    },
    done(text) {
      const [first = "", ...rest] = wrap(text, width - indent.length);
      print(`${margin}${style("green", "✓")} ${first}`, ...rest.map(indented));
    },
    value: (name, text) => print(`${indent}${style("dim", name.padEnd(16))}${text}`),
  };
}

const indented = (line: string) => `${indent}${line}`;

/** Breaks a text at its blanks. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function brief(value: unknown): string {
  return Array.isArray(value) ? `[${count(value.length)} rows]` : JSON.stringify(value);
}

/** A whole number with its thousands apart. */
export const count = (value: number): string => value.toLocaleString("en-US");

/** Four decimals, as far as they say something. */
export const decimals = (value: number): string => value.toFixed(4);
