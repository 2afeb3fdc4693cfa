import { parseSync, Visitor } from "vite";
import { featureTypes, targetTypes } from "../../src/language/datasets/feature-types.js";

// biome-ignore lint/suspicious/noExplicitAny: a node of the syntax tree, looked into by its `type`.
type Node = any;

const isFeatureType = (value: unknown): boolean => featureTypes.some((type) => type === value);

/**
 * Where a file asks which type a feature has, as `line: text`: comparisons with the name of a type, `case`s of one, lists
 * of types in which one is looked up, and records of some types but not of all. What is compared with what a declared
 * field `takes` is no feature's type.
 */
export function featureTypeTests(text: string): string[] {
  const { program, errors } = parseSync("file.ts", text);
  if (errors.length > 0) throw new Error(errors[0]?.message);
  const found: string[] = [];
  const report = (node: Node) => {
    const line = text.slice(0, node.start).split("\n").length;
    found.push(`${line}: ${text.slice(node.start, node.end).split("\n")[0]}`);
  };
  const isOther = (node: Node) => /\btakes\b/.test(text.slice(node.start, node.end));
  const isTyped = (node: Node) => node?.type === "Literal" && isFeatureType(node.value);
  const namesTypes = (node: Node) => node?.type === "ArrayExpression" && node.elements.some(isTyped);
  new Visitor({
    BinaryExpression(node: Node) {
      if (!/^[!=]==?$/.test(node.operator) || isOther(node)) return;
      if (isTyped(node.left) || isTyped(node.right)) report(node);
    },
    SwitchStatement(node: Node) {
      if (isOther(node.discriminant)) return;
      for (const each of node.cases) if (isTyped(each.test)) report(each);
    },
    CallExpression(node: Node) {
      if (node.callee.property?.name === "includes" && namesTypes(node.callee.object)) report(node);
    },
    NewExpression(node: Node) {
      if (node.callee.name === "Set" && node.arguments.some(namesTypes)) report(node);
    },
    VariableDeclarator(node: Node) {
      const annotation = node.id.typeAnnotation;
      const isListOfTypes = annotation && /\b(Feature|Target)Type\b/.test(text.slice(annotation.start, annotation.end));
      if (isListOfTypes && namesTypes(node.init)) report(node);
    },
    ObjectExpression(node: Node) {
      const keys = node.properties.map((property: Node) => property.key?.name ?? property.key?.value);
      const named = keys.filter(isFeatureType);
      // One key may be called like a type by chance: lists are ordered by `NUMBER`, too.
      if (named.length < 2 || keys.length > named.length) return;
      const has = (types: readonly string[]) => types.every((type) => named.includes(type));
      if (!has(featureTypes) && !(named.length === targetTypes.length && has(targetTypes))) report(node);
    },
  }).visit(program);
  return found;
}
