import { parseSync, Visitor } from "vite";

// biome-ignore lint/suspicious/noExplicitAny: a node of the syntax tree, looked into by its `type`.
type Node = any;

/** Methods of TypeORM's managers and repositories that write rows. */
const writing = /^(insert|update|upsert|save|delete|remove|increment|decrement)$/;

/** `line: text` of each node that the visitors report. */
function findIn(text: string, visitors: (report: (node: Node) => void) => Record<string, (node: Node) => void>) {
  const { program, errors } = parseSync("file.ts", text);
  if (errors.length > 0) throw new Error(errors[0]?.message);
  const found = new Set<string>();
  const report = (node: Node) => {
    const line = text.slice(0, node.start).split("\n").length;
    found.add(`${line}: ${text.slice(node.start, node.end).split("\n")[0]?.trim()}`);
  };
  new Visitor(visitors(report)).visit(program);
  return [...found];
}

/** Calls `look` with every text that may be SQL. */
const texts = (source: string, look: (text: string, node: Node) => void) => ({
  TemplateLiteral: (node: Node) => look(source.slice(node.start, node.end), node),
  Literal: (node: Node) => {
    if (typeof node.value === "string") look(node.value, node);
  },
});

/** The method of a call such as `manager.insert(Run, …)`, where its first argument is that entity. */
function writerOf(node: Node, entity: string): string | undefined {
  if (node.callee.type !== "MemberExpression" || node.arguments[0]?.name !== entity) return undefined;
  const method: string = node.callee.property.name ?? "";
  return writing.test(method) ? method : undefined;
}

const updatesOfRun =
  /\bUPDATE\s+(?:ONLY\s+)?"?run"?(?:\s+(?:AS\s+)?(?!SET\b)\w+)?\s+SET\b(.*?)(?:\bFROM\b|\bWHERE\b|\bRETURNING\b|$)/gis;
const insertsOfRun = /\bINSERT\s+INTO\s+"?run"?(?![\w"])/i;

/** What in a file writes the state of a run. */
export function stateWriters(source: string): string[] {
  if (!/UPDATE|INSERT|\bRun\b/.test(source)) return [];
  return findIn(source, (report) => ({
    ...texts(source, (text, node) => {
      const writes = [...text.matchAll(updatesOfRun)].some(([, set = ""]) => /(^|[\s,("])state"?\s*=/.test(set));
      if (writes || insertsOfRun.test(text)) report(node);
    }),
    CallExpression(node: Node) {
      const method = writerOf(node, "Run");
      if (method === undefined) return;
      const values = node.arguments.at(-1);
      const names =
        values?.type === "ObjectExpression" ? values.properties.map(({ key }: Node) => key?.name) : ["state"];
      // What an object that is spread holds cannot be seen here.
      if (method !== "update" || names.some((name: unknown) => name === "state" || name === undefined)) report(node);
    },
  }));
}

/** What in a file writes the log of a run. */
export function eventWriters(source: string): string[] {
  if (!/run_event|RunEvent/.test(source)) return [];
  return findIn(source, (report) => ({
    ...texts(source, (text, node) => {
      if (/\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?run_event\b/i.test(text)) report(node);
    }),
    CallExpression(node: Node) {
      if (writerOf(node, "RunEvent")) report(node);
    },
  }));
}

/**
 * What in a file depends on what a run is for.
 *
 * @param columns of runs that tell their purposes. To follow one to the row that it refers to is no such thing:
 * `run.retrainingId === null ? null : load(run.retrainingId)`.
 */
export function purposeBranches(source: string, columns: readonly string[]): string[] {
  const snakes = columns.map((column) => column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  if (![...columns, ...snakes, "purposeOf", "run.gate"].some((name) => source.includes(name))) return [];
  const isNull = new RegExp(`\\b(${snakes.join("|")})"?\\s+IS\\s+(NOT\\s+)?(NULL|DISTINCT)\\b`, "i");
  const mentions = (node: Node): boolean => {
    if (!node || typeof node !== "object") return false;
    if (Array.isArray(node)) return node.some(mentions);
    if (node.type === "Identifier") return columns.includes(node.name);
    if (node.type === "CallExpression" && node.callee.name === "purposeOf") return true;
    if (node.type === "MemberExpression" && node.object.name === "purposes") return true;
    if (node.type === "MemberExpression" && node.object.name === "run" && node.property.name === "gate") return true;
    // What a function does with it is looked at by itself.
    if (/Function/.test(node.type)) return false;
    return Object.entries(node).some(([key, value]) => key !== "type" && mentions(value));
  };
  const relations = new Set<Node>();
  return findIn(source, (report) => ({
    ...texts(source, (text, node) => {
      if (isNull.test(text)) report(node);
    }),
    IfStatement(node: Node) {
      if (mentions(node.test)) report(node);
    },
    ConditionalExpression(node: Node) {
      const relation = node.consequent.type === "Literal" && node.consequent.value === null;
      if (relation) relations.add(node.test);
      else if (mentions(node.test)) report(node);
    },
    LogicalExpression(node: Node) {
      if (node.operator !== "??" && mentions(node.left)) report(node);
    },
    SwitchStatement(node: Node) {
      if (mentions(node.discriminant)) report(node);
    },
    BinaryExpression(node: Node) {
      if (/^[=!]==?$/.test(node.operator) && mentions([node.left, node.right]) && !relations.has(node)) report(node);
    },
  }));
}
