import { createReadStream, createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quoteText } from "../../segments/duckdb.js";
import { importLimits } from "../limits.js";
import { linesFromEverywhere } from "./csv-sample.js";
import type { FileFormat } from "./format.js";
import { cleanHeaders } from "./headers.js";
import { collected, columnCounts, inChunks, scalar } from "./query.js";
import type { Chunk, TableFile } from "./table-file.js";
import { Unreadable } from "./unreadable.js";

/** How a CSV file is written. */
interface Dialect {
  delimiter: string;
  quote: string;
  escape: string;
  skip: number;
  hasHeader: boolean;
  columns: number;
}

const candidates = [",", ";", "\t", "|"];

/** Opens a CSV or TSV file, whatever its delimiter and quote. DuckDB parses it. */
export async function openCsv(
  connection: DuckDBConnection,
  given: string,
  format: FileFormat,
  folder: string,
): Promise<TableFile> {
  const notes: string[] = [];
  let path = given;
  let { compression, encoding } = format;
  if (encoding === "latin-1") notes.push("the file is not in UTF-8; it is read as Latin-1 (ISO 8859-1).");
  const common = () =>
    `encoding = '${encoding}', compression = '${compression}', max_line_size = ${importLimits.lineBytes}, comment = ''`;
  if (encoding === "utf-16be") {
    path = await recoded(path, join(folder, "recoded.csv"));
    encoding = "utf-8";
  }
  const dialect = await sniff(connection, `${quoteText(path)}, ${common()}`, format.head, folder, notes);
  const width = dialect.columns;
  if (width > importLimits.columns) throw tooWide(width);
  const options = (columns: number, hasHeader: boolean, skip = dialect.skip) => {
    const { delimiter, quote } = dialect;
    const types = Array.from({ length: columns }, (_, index) => `'c${index}': 'VARCHAR'`).join(", ");
    return [
      ...[common(), "auto_detect = false", `delim = ${quoteText(delimiter)}`, `quote = ${quoteText(quote)}`],
      ...[
        `escape = ${quoteText(dialect.escape)}`,
        "allow_quoted_nulls = false",
        `skip = ${skip}`,
        `header = ${hasHeader}`,
        `columns = {${types}}`,
      ],
    ].join(", ");
  };
  const from = (more = "") => `read_csv(${quoteText(path)}, ${options(width, dialect.hasHeader)}${more})`;
  const first = async () => {
    const sql = `SELECT * FROM read_csv(${quoteText(path)}, ${options(width, false)}, ignore_errors = true) LIMIT 1`;
    return collected(connection, sql);
  };
  // Lines that end in different ways stop the strict parser, and the lenient one loses cells: the ends are made equal.
  const header = await first().catch(async (error: unknown) => {
    if (!isMixed(error)) throw explained(error);
    path = await withEqualLineEnds(path, compression, join(folder, "equal-lines.csv"));
    compression = "none";
    return first();
  });
  const names = header.columns.map(([name]) => (dialect.hasHeader ? (name as string | null) : null));
  const headers = cleanHeaders(names);
  if (!dialect.hasHeader) {
    notes.push("the first line looks like a row and not like names; columns are called column_1, column_2 ….");
    for (const header of headers) delete header.warning;
  }
  const all = headers.map((_, index) => `c${index}`);

  /** A scan that finds lines of mixed ends further down begins again with equal ones. */
  async function* scan(columns: readonly number[]) {
    const wanted = columns.map((index) => `c${index}`).join(", ") || "c0";
    await connection.run("DROP TABLE IF EXISTS left_out");
    await connection.run("DROP TABLE IF EXISTS left_out_scans");
    const rejects =
      ", store_rejects = true, rejects_table = 'left_out', rejects_scan = 'left_out_scans', rejects_limit = 100000";
    try {
      yield* inChunks(connection, `SELECT ${wanted} FROM ${from(rejects)}`);
    } catch (error) {
      throw explained(error);
    }
  }

  /** Of a file of plain bytes without reading all of it. */
  async function fromEverywhere(rows: number, source: string): Promise<Chunk> {
    const isPlain = compression === "none" && encoding !== "utf-16" && dialect.escape === dialect.quote;
    if (!isPlain || dialect.delimiter.length !== 1)
      return collected(connection, `SELECT * FROM (${source}) USING SAMPLE reservoir(${rows} ROWS) REPEATABLE (1)`);
    const lineBytes = Buffer.byteLength(format.head) / Math.max(1, format.head.split("\n").length - 1);
    const lines = await linesFromEverywhere(path, { form: dialect, rows, lineBytes });
    const some = join(folder, "sample.csv");
    await writeFile(some, lines, { mode: 0o600 });
    if (lines.length === 0) return { rowCount: 0, columns: all.map(() => []) };
    const read = `read_csv(${quoteText(some)}, ${options(width, false, 0)}, ignore_errors = true)`;
    return collected(connection, `SELECT ${all.join(", ")} FROM ${read}`);
  }

  const attempt = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      if (isForeign(error) && encoding === "utf-8") {
        encoding = "latin-1";
        notes.push("the file is not in UTF-8; it is read as Latin-1 (ISO 8859-1).");
      } else if (isMixed(error) && !path.startsWith(folder)) {
        path = await withEqualLineEnds(path, compression, join(folder, "equal-lines.csv"));
        compression = "none";
      } else throw explained(error);
      return work().catch((again: unknown) => {
        throw explained(again);
      });
    }
  };

  return {
    headers,
    firstLine: 1 + dialect.skip + Number(dialect.hasHeader),
    notes,
    countRows: () =>
      attempt(() => scalar(connection, `SELECT count(*) FROM ${from(", ignore_errors = true")}`).then(Number)),
    hasLostRows: async () => format.head.trim().split(/[\r\n]+/).length > dialect.skip + Number(dialect.hasHeader),
    sample: (rows, isLarge) =>
      attempt(async () => {
        const source = `SELECT ${all.join(", ")} FROM ${from(", ignore_errors = true")}`;
        if (!isLarge) return collected(connection, `${source} LIMIT ${rows}`);
        const beginning = Math.floor(rows / 4);
        const head = await collected(connection, `${source} LIMIT ${beginning}`);
        const rest = await fromEverywhere(rows - beginning, source);
        return {
          rowCount: head.rowCount + rest.rowCount,
          columns: head.columns.map((column, index) => column.concat(rest.columns[index] ?? [])),
        };
      }),
    counts: (missing) =>
      attempt(() =>
        columnCounts(
          connection,
          from(", ignore_errors = true"),
          all.map((column) => ({ column, isText: true })),
          missing,
        ),
      ),
    scan,
    async rejects() {
      const rows = await connection.runAndReadAll(
        "SELECT line, min(error_type::VARCHAR) FROM left_out GROUP BY line ORDER BY line",
      );
      return rows.getRows().map(([line, type]) => ({ line: Number(line), message: rejected(String(type)) }));
    },
    progress: () => Math.max(0, connection.progress.percentage) / 100,
  };
}

/** What the sniffer answers for a character that is not there. */
const isNone = (mark: string) => mark === "(empty)" || mark === "\u0000" || mark === "";

/**
 * Finds out how the file is written: by DuckDB's sniffer, where all its first lines fit together; else by its first line,
 * and lines that do not fit it are problems.
 */
async function sniff(
  connection: DuckDBConnection,
  file: string,
  head: string,
  folder: string,
  notes: string[],
): Promise<Dialect> {
  const [first = ""] = /^[^\r\n]*/.exec(head) ?? [];
  const counts = candidates.map((mark) => first.split(mark).length);
  const most = Math.max(...counts);
  if (most > importLimits.columns) throw tooWide(most);
  const sniffed = await sniffWith(connection, file).catch((error: unknown) => {
    const known = explained(error);
    if (known instanceof Unreadable && (known.code === "TOO_LONG" || head === "")) throw known;
    return undefined;
  });
  if (sniffed && (sniffed.columns > 1 || most === 1)) return sniffed;
  const delimiter = candidates[counts.indexOf(most)] ?? ",";
  // A first line whose quotes are not closed tells nothing.
  if (first.split('"').length % 2 === 0)
    throw new Unreadable("the quotes of its first line are not closed.", undefined, 1);
  const path = join(folder, "first-line.csv");
  await writeFile(path, `${first}\n`, { mode: 0o600 });
  const marks = `delim = ${quoteText(delimiter)}, quote = '"', escape = '"', header = false, all_varchar = true`;
  const line = await sniffWith(connection, `${quoteText(path)}, ${marks}`);
  notes.push("the file does not keep to one form; lines that do not fit its first line are problems.");
  return { delimiter, quote: '"', escape: '"', skip: 0, hasHeader: true, columns: line.columns };
}

async function sniffWith(connection: DuckDBConnection, file: string): Promise<Dialect> {
  const result = await connection.runAndReadAll(
    `SELECT Delimiter, Quote, "Escape", SkipRows, HasHeader, len(Columns) FROM sniff_csv(${file})`,
  );
  const [delimiter, quote, escaping, skip, hasHeader, columns] = (result.getRows()[0] ?? []).map(String) as string[];
  // A quote that does not occur in the first lines may occur later.
  const marks = quote === undefined || isNone(quote) ? '"' : quote;
  return {
    delimiter: delimiter === undefined || isNone(delimiter) ? "," : delimiter,
    quote: marks,
    escape: escaping === undefined || isNone(escaping) ? marks : escaping,
    skip: Number(skip),
    hasHeader: hasHeader === "true",
    columns: Number(columns),
  };
}

function tooWide(columns: number): Unreadable {
  return new Unreadable(`the file has ${columns} columns; at most ${importLimits.columns} are read.`, "TOO_LONG");
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const isMixed = (error: unknown): boolean => /state machine reached an invalid state/i.test(messageOf(error));
const isForeign = (error: unknown): boolean => /not utf-8 encoded|byte sequence mismatch/i.test(messageOf(error));

/** DuckDB's words are for people who write SQL. */
function explained(error: unknown): unknown {
  if (error instanceof Unreadable) return error;
  const message = messageOf(error);
  const [, line] = /on Line: (\d+)/i.exec(message) ?? [];
  const at = line === undefined ? null : Number(line);
  if (/maximum line size of \d+ bytes exceeded/i.test(message))
    return new Unreadable(
      `a line is longer than ${importLimits.lineBytes / 2 ** 20} MiB; is it a table, and are its quotes closed?`,
      "TOO_LONG",
      at,
    );
  if (/not possible to automatically detect|sniffing file/i.test(message))
    return new Unreadable(
      "the file cannot be read as a table: no delimiter divides its lines into equal numbers of cells.",
    );
  if (isForeign(error))
    return new Unreadable("the file's text is in none of the encodings UTF-8, UTF-16 and Latin-1.", undefined, at);
  if (/gzip|zlib|zstd|decompress|deflate/i.test(message))
    return new Unreadable("the file cannot be decompressed: it is damaged or cut off.");
  return error;
}

const rejections: Record<string, string> = {
  "MISSING COLUMNS": "the line has fewer cells than there are columns.",
  "TOO MANY COLUMNS": "the line has more cells than there are columns.",
  "UNQUOTED VALUE": "a quote is not closed, or text follows a closing quote.",
  "LINE SIZE OVER MAXIMUM": `the line is longer than ${importLimits.lineBytes / 2 ** 20} MiB.`,
  "INVALID ENCODING": "the line is no text in the file's encoding.",
};

const rejected = (type: string): string => rejections[type] ?? "the line cannot be read.";

/** Copies a file of big-endian UTF-16 in UTF-8, in pieces. */
async function recoded(path: string, copy: string): Promise<string> {
  const decoder = new TextDecoder("utf-16be");
  const recode = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, decoder.decode(chunk, { stream: true })),
    flush: (done) => done(null, decoder.decode()),
  });
  await pipeline(createReadStream(path), recode, createWriteStream(copy, { mode: 0o600 }));
  return copy;
}

/** Copies a file with a line feed at the end of each line, in pieces. */
async function withEqualLineEnds(path: string, compression: FileFormat["compression"], copy: string): Promise<string> {
  if (compression === "zstd")
    throw new Unreadable("its lines end in different ways; write it with equal ends of lines.");
  let isAfterReturn = false;
  const equal = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let text = chunk.toString("latin1");
      if (isAfterReturn && text.startsWith("\n")) text = text.slice(1);
      isAfterReturn = text.endsWith("\r");
      done(null, Buffer.from(text.replaceAll(/\r\n?/g, "\n"), "latin1"));
    },
  });
  const target = createWriteStream(copy, { mode: 0o600 });
  if (compression === "gzip") await pipeline(createReadStream(path), createGunzip(), equal, target);
  else await pipeline(createReadStream(path), equal, target);
  return copy;
}
