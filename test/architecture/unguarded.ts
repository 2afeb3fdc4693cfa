import { parseSync, Visitor } from "vite";

// biome-ignore lint/suspicious/noExplicitAny: a node of the syntax tree, looked into by its `type`.
type Node = any;

const listening = new Set(["on", "once", "addListener", "prependListener", "prependOnceListener", "addEventListener"]);
const scheduling = new Set(["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "nextTick"]);
/** Methods that take a callback for later. */
const callingBack = new Set(["listen", "close", "send", "write", "end", "handleUpgrade", "execFile"]);
/** Calls that do not throw, whatever they are given. */
const harmless = new Set(["resolve", "reject", "clearTimeout", "clearInterval", "destroy", "unref"]);
const guards = new Set(["guarded", "unawaited"]);

const nameOf = (callee: Node): string =>
  callee?.type === "Identifier" ? callee.name : callee?.type === "MemberExpression" ? callee.property.name : "";

function children(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((value: Node) => value && typeof value === "object" && typeof value.type === "string");
}

/** Whether a callback does nothing that could throw: it settles a promise, stops a timer or sets a variable. */
function isHarmless(callback: Node): boolean {
  if (callback.type === "Identifier") return harmless.has(callback.name);
  if (!/^(Arrow)?FunctionExpression$/.test(callback.type) || callback.async) return false;
  const check = (node: Node): boolean => {
    if (node.type === "NewExpression") return node.callee.name === "Error" && children(node).every(check);
    if (/^(ThrowStatement|AwaitExpression|YieldExpression|TaggedTemplateExpression)$/.test(node.type)) return false;
    if (node.type === "CallExpression" && !harmless.has(nameOf(node.callee))) return false;
    return children(node).every(check);
  };
  return check(callback.body);
}

/** What in a file the event loop may call, or reject, without a guard; as `line: text`. */
export function unguarded(text: string): string[] {
  const { program, errors } = parseSync("file.ts", text);
  if (errors.length > 0) throw new Error(errors[0]?.message);
  const found: string[] = [];
  const asyncFunctions = new Set<string>();
  const guardedNames = new Set<string>();
  new Visitor({
    FunctionDeclaration(node: Node) {
      if (node.async && node.id) asyncFunctions.add(node.id.name);
    },
    VariableDeclarator(node: Node) {
      if (node.init?.async) asyncFunctions.add(node.id.name);
      if (node.init?.type === "CallExpression" && guards.has(nameOf(node.init.callee))) guardedNames.add(node.id.name);
    },
  }).visit(program);

  const isGuarded = (callback: Node): boolean =>
    (callback.type === "CallExpression" && guards.has(nameOf(callback.callee))) ||
    (callback.type === "Identifier" && guardedNames.has(callback.name)) ||
    isHarmless(callback);
  const report = (node: Node) => {
    const line = text.slice(0, node.start).split("\n").length;
    found.push(`${line}: ${text.slice(node.start, node.end).split("\n")[0]}`);
  };
  const isPromise = (node: Node): boolean => {
    if (node.type !== "CallExpression") return false;
    if (node.callee.type === "Identifier") return asyncFunctions.has(node.callee.name);
    const method = nameOf(node.callee);
    if (method === "catch" && isGuarded(node.arguments[0])) return false;
    return ["then", "catch", "finally"].includes(method);
  };
  new Visitor({
    CallExpression(node: Node) {
      const name = nameOf(node.callee);
      const isListener =
        listening.has(name) &&
        node.callee.type === "MemberExpression" &&
        node.arguments[0]?.type !== "ObjectExpression";
      // `setTimeout(ms)` of node:timers/promises is renamed at its import everywhere.
      const callback = isListener ? node.arguments[1] : scheduling.has(name) ? node.arguments[0] : undefined;
      if (callback && !isGuarded(callback)) report(node);
      const last = node.arguments.at(-1);
      if (callingBack.has(name) && /FunctionExpression$/.test(last?.type) && !isGuarded(last)) report(node);
      // Whoever listens once to errors is not there for the second one, which then ends the process.
      if (name === "once" && isListener && node.arguments[0]?.value === "error") report(node);
    },
    UnaryExpression(node: Node) {
      if (node.operator === "void") report(node);
    },
    ExpressionStatement({ expression }: Node) {
      if (isPromise(expression)) report(expression);
    },
  }).visit(program);
  return found;
}
